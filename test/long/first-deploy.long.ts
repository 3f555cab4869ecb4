import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulatedAccount } from '../support/emulated-account/account.ts';
import { deployTemplate } from '../support/emulated-account/cloud-formation.ts';
import { deployedAccount } from '../support/emulated-account/deployed.ts';
import type { AccountState } from '../support/emulated-account/state.ts';
import { runProject } from '../support/run-project.ts';
import { appOf } from '../support/stage.ts';
import { STAGES } from '../support/stages.ts';

/*
 * First deploys into an account that refuses what AWS refuses, and makes resources in the worst
 * order that a template allows. The bundles are left out: other tests look at them.
 */

function emptyAccount(): AccountState {
  const state = deployedAccount();
  return { ...state, stacks: state.stacks.filter(({ name }) => name === 'CDKToolkit') };
}

const statusesOf = ({ stacks }: AccountState) =>
  stacks.filter(({ name }) => name !== 'CDKToolkit').map(({ name, status }) => `${name} ${status}`);

describe('a first deploy', () => {
  it.each(Object.entries(STAGES))('makes a stage with %s', (_, config) => {
    const state = emptyAccount();
    const { stacks } = appOf(config).synth();

    for (const { stackName, template } of stacks) deployTemplate(stackName, template, state);

    expect(state.stacks.flatMap(({ reason }) => reason ?? [])).toEqual([]);
    expect(statusesOf(state)).toEqual(stacks.map(({ stackName: one }) => `${one} CREATE_COMPLETE`));
  });
});

describe('a first deploy that fails', () => {
  it.each([
    ['credentials', 'AWS::Cognito::UserPoolClient'],
    ['accounts', 'AWS::ApiGateway::Stage'],
  ])('in the %s stack cleans up, and is simply repeated', async (_, refusedType) => {
    const state = emptyAccount();
    const { environment, close } = await startEmulatedAccount(state);
    onTestFinished(close);
    const { directory } = appOf(STAGES['its own pool'] ?? {}, 'dev').synth();
    const command = ['npm', 'run', '--silent', 'deploy', '--', '--stage', 'dev', '--yes'];
    const deploy = () =>
      runProject([...command, '--skip-preflight', '--app', directory], environment);

    state.refusedType = refusedType;
    const first = await deploy();
    const left = statusesOf(state);
    state.refusedType = undefined;
    const second = await deploy();

    expect(first.status).toBe(1);
    expect(left.at(-1)).toMatch(/ ROLLBACK_COMPLETE$/);
    expect(state.retained).toEqual([]);
    expect({ status: second.status, all: second.status === 0 ? '' : second.all }).toEqual({
      status: 0,
      all: '',
    });
    expect(statusesOf(state).map((line) => line.replace(/ (?:CREATE|UPDATE)_/, ' '))).toEqual([
      'egain-accounts-dev-credentials COMPLETE',
      'egain-accounts-dev COMPLETE',
      'egain-accounts-dev-workflow COMPLETE',
      'egain-accounts-dev-observability COMPLETE',
    ]);
    const credentials = state.stacks.find(({ name }) => name.endsWith('-credentials'));
    expect(credentials?.isProtected).toBe(true);
  });
});
