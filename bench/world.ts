import type { FunctionSpec } from '../sandbox/aws/function-template.ts';
import type { ClientCredentials } from '../sandbox/egain/egain.ts';
import { type Child, startChild } from './child.ts';

export interface UpstreamState {
  readonly accounts: number;
  /** Before each answer of eGain's. */
  readonly latencyMs: number;
  /** Of the partners' eGain; 25 unless given. */
  readonly pageSize?: number;
  /** One that the simulated eGain knows by this name. */
  readonly fault?: string;
}

/** Where a simulated eGain is, and what it takes. */
export interface EgainFacts {
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly credentials: ClientCredentials;
}

export interface WorldFacts {
  /** The partners' URL at the sandbox's gateway. */
  readonly accountsUrl: string;
  readonly partnerToken: string;
  readonly credentials: ClientCredentials;
  /** An eGain with pages of 100. */
  readonly wide: EgainFacts;
  readonly functions: Readonly<
    Record<'ApiFunction' | 'TaskFunction' | 'AuthorizerFunction', FunctionSpec>
  >;
}

/** The sandbox in a process of its own, with the synthesised product in it. */
export interface World extends WorldFacts {
  set(state: UpstreamState): Promise<void>;
  /** What eGain was asked so far. */
  calls(): Promise<{ readonly token: number; readonly accounts: number }>;
  /** Has nobody know anything: the sandbox's containers start anew, and the table is empty. */
  forget(): Promise<void>;
  readonly child: Child;
}

export async function startWorld(): Promise<World> {
  const child = await startChild('world-child.ts');
  const facts = await child.call<WorldFacts>('facts');
  return {
    ...facts,
    child,
    set: (state) => child.call('set', state),
    calls: () => child.call('calls'),
    forget: () => child.call('forget'),
  };
}
