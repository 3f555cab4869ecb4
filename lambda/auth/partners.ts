import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { accountRuleSchema } from '../accounts/compare.ts';
import { SCOPES } from '../accounts/fields.ts';
import { Fault } from '../faults.ts';
import type { AuthorizerConfig } from '../platform/config.ts';
import { type Deadline, singleFlight, within } from '../platform/deadline.ts';
import { AWS_CLIENT } from '../platform/http-client.ts';
import { parseJson } from '../platform/parse.ts';

const partnerSchema = z.object({
  clientId: z.optional(z.string()),
  scopes: z.array(z.enum(SCOPES)),
  /** Without it the partner may see every account. */
  accounts: z.optional(accountRuleSchema),
  /** The value of the API key of the partner's usage plan. */
  usageKey: z.string().check(z.minLength(20)),
});
const partnersSchema = z.record(z.string(), partnerSchema);

type Partner = z.infer<typeof partnerSchema> & { readonly name: string };
/** By client id. */
type PartnerTable = ReadonlyMap<string, Partner>;

/**
 * Reads the partners' table, which is a file because a function's environment holds 4 KB.
 *
 * @throws Fault `500-902` if it is missing or not JSON
 */
export function readPartnersFile(url: URL): unknown {
  try {
    return JSON.parse(readFileSync(url, 'utf8'));
  } catch {
    throw misconfigured('partners.json is missing or not JSON');
  }
}

/**
 * Makes the function that gives the partners' table. Client ids that are too many for a function's
 * environment are read with the first request, once, since only a deploy changes them.
 *
 * @returns throws Fault `500-902` if the ids' secret is malformed, the SDK's error if unreadable
 * @throws Fault `500-902` if the file is malformed, a partner has no client id, or two share one
 */
export function createPartnerLookUp(
  file: unknown,
  { cognitoClients, cognitoClientsSecretArn: secretArn }: AuthorizerConfig,
): (deadline: Deadline) => Promise<PartnerTable> {
  if (secretArn === undefined) {
    const partners = partnerTable(file, cognitoClients);
    return async () => partners;
  }
  let known: PartnerTable | undefined;
  const read = singleFlight(async (deadline) => {
    known = partnerTable(file, await readClientIds(secretArn, deadline));
    return known;
  });
  return async (deadline) => known ?? read(deadline);
}

function partnerTable(file: unknown, cognitoClients: AuthorizerConfig['cognitoClients']) {
  const parsed = z.safeParse(partnersSchema, file);
  if (!parsed.success) {
    const paths = parsed.error.issues.map((issue) => issue.path.join('.'));
    throw misconfigured(`partners.json is malformed at: ${paths.join(', ')}`);
  }
  const idsByName = cognitoClients && new Map(Object.entries(cognitoClients));
  const partners = new Map<string, Partner>();
  for (const [name, entry] of Object.entries(parsed.data)) {
    const clientId = idsByName ? idsByName.get(name) : entry.clientId;
    if (!clientId) throw misconfigured(`partner ${name} has no client id`);
    const other = partners.get(clientId);
    if (other) throw misconfigured(`partners ${other.name} and ${name} share a client id`);
    partners.set(clientId, { name, ...entry });
  }
  return partners;
}

function misconfigured(reason: string): Fault {
  return new Fault('misconfigured', { reason });
}

/** Reads client ids by the partner's name. Few stages need the SDK for that, so it is loaded here. */
async function readClientIds(secretArn: string, deadline: Deadline) {
  const { GetSecretValueCommand, SecretsManagerClient } = await import(
    '@aws-sdk/client-secrets-manager'
  );
  const client = new SecretsManagerClient(AWS_CLIENT);
  const command = new GetSecretValueCommand({ SecretId: secretArn });
  const { SecretString = null } = await within(
    client.send(command, { abortSignal: deadline.signal }),
    deadline,
  );
  const ids = z.safeParse(z.record(z.string(), z.string()), parseJson(SecretString));
  if (!ids.success) throw misconfigured(`${secretArn} holds no client ids by name`);
  return ids.data;
}
