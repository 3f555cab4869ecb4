import type { StageFault } from './config-issues.ts';

type Json = Readonly<Record<string, unknown>>;

// Lambda's environment holds 4 KB, and with the stack's own pool each partner's client id is there.
const COGNITO_CLIENTS_BYTES = 3000;
const COGNITO_CLIENT_ID_LENGTH = 26;

/**
 * The rules of a stage config that span more than one key. They look at the input as it is, so
 * that they speak even when the schema finds faults elsewhere.
 */
export function stageRules(input: unknown): StageFault[] {
  const config = at(input);
  const partners = Object.entries(at(config['partners'])).map(
    ([name, partner]) => [name, at(partner)] as const,
  );
  return [
    ...issuerRules(at(config['auth']), partners),
    ...clientIdRules(partners),
    ...boundRules(config),
  ];
}

function issuerRules(auth: Json, partners: readonly (readonly [string, Json])[]): StageFault[] {
  const faults: StageFault[] = [];
  if (auth['issuer'] !== undefined) {
    if (auth['audience'] === undefined) {
      faults.push({
        path: ['auth', 'audience'],
        expected: 'the audience, as auth.issuer is given',
      });
    }
    for (const [name, partner] of partners) {
      if (partner['clientId'] !== undefined) continue;
      const expected = "the partner's client id, as auth.issuer is given";
      faults.push({ path: ['partners', name, 'clientId'], expected });
    }
    return faults;
  }
  for (const key of ['audience', 'jwksUri']) {
    if (auth[key] === undefined) continue;
    faults.push({ path: ['auth', key], expected: 'nothing here without auth.issuer' });
  }
  for (const [name, partner] of partners) {
    if (partner['clientId'] === undefined) continue;
    const expected = "nothing here: without auth.issuer the stack's own user pool gives the id";
    faults.push({ path: ['partners', name, 'clientId'], expected });
  }
  const bytes = partners.reduce(
    (sum, [name]) => sum + name.length + COGNITO_CLIENT_ID_LENGTH + 6,
    0,
  );
  if (bytes > COGNITO_CLIENTS_BYTES) {
    faults.push({
      path: ['partners'],
      expected: `fewer partners (about 50), or auth.issuer: with the stack's own user pool their ids must fit a function's environment`,
    });
  }
  return faults;
}

function clientIdRules(partners: readonly (readonly [string, Json])[]): StageFault[] {
  const owners = new Map<unknown, string>();
  return partners.flatMap(([name, { clientId }]) => {
    if (clientId === undefined) return [];
    const owner = owners.get(clientId);
    owners.set(clientId, owner ?? name);
    if (owner === undefined) return [];
    const expected = `an id of its own, not that of partners.${owner}`;
    return [{ path: ['partners', name, 'clientId'], expected }];
  });
}

function boundRules(config: Json): StageFault[] {
  const faults: StageFault[] = [];
  const { secretArn, keyArn } = at(config['credentials']);
  if (keyArn !== undefined && secretArn === undefined) {
    const expected = 'nothing here without credentials.secretArn: a new secret gets its own key';
    faults.push({ path: ['credentials', 'keyArn'], expected });
  }
  const concurrency = at(at(config['functions'])['concurrency']);
  for (const name of Object.keys(concurrency)) {
    const { reserved, provisioned } = at(concurrency[name]);
    if (Number(provisioned) > Number(reserved)) {
      const path = ['functions', 'concurrency', name, 'provisioned'];
      faults.push({ path, expected: 'no more than is reserved' });
    }
  }
  return faults;
}

function at(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}
