import { FULL_STAGE, LEAST, PLAIN_STAGE, SECRET_ARN } from './stage.ts';

const entry = { scopes: ['accounts/read'] };
const { auth, partners, cache, api } = FULL_STAGE;

/** Stages that differ in which resources they have, by what is special about them. */
export const STAGES: Readonly<Record<string, object>> = {
  'its own pool': PLAIN_STAGE,
  'more partners than one stack and one environment hold': {
    ...LEAST,
    partners: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`partner-${n}`, entry])),
  },
  'an issuer of its own': { ...LEAST, auth, partners },
  'a secret of its own': { ...PLAIN_STAGE, credentials: { secretArn: SECRET_ARN } },
  'a schedule': { ...PLAIN_STAGE, cache },
  'a firewall': { ...PLAIN_STAGE, api: { firewall: api.firewall } },
  'a domain': { ...PLAIN_STAGE, api: { domain: { ...api.domain, mutualTls: undefined } } },
  'every option': FULL_STAGE,
};
