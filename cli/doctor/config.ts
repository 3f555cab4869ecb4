import {
  loadStageConfig,
  type StageConfig,
  StageConfigError,
} from '../../lib/stage/stage-config.ts';
import type { ClientCredentials } from '../../sandbox/egain/egain.ts';
import type { SandboxFacts } from '../../sandbox/sandbox.ts';
import { counted, type Finding, failed, ok } from '../findings.ts';
import type { World } from '../program.ts';
import { SANDBOX_STAGE } from '../start.ts';

/** What is examined. */
export interface Examined {
  readonly config: StageConfig;
  /** The client of the simulated eGain, where stage `sandbox` is examined. */
  readonly sandbox?: ClientCredentials;
}

const SANDBOX_MS = 3000;

/** Whether the stage config is valid, and whether its parts go together. */
export async function checkConfig(
  stage: string,
  { configFolder: folder, terminal }: World,
): Promise<Finding<Examined>> {
  try {
    const config = loadStageConfig(stage, { folder });
    const partners = Object.keys(config.partners).length;
    const seen = `config/${stage}.json is valid, with ${counted(partners, 'partner')}`;
    // `npm start` reads the same variable.
    const { PORT } = terminal.environment;
    if (stage === SANDBOX_STAGE) return await inSandbox(config, seen, PORT || '3000');
    const notes = familyNotes(config.egain);
    if (partners === 0) notes.push('there are no partners yet: nobody can call the API');
    return ok(seen, { value: { config }, notes });
  } catch (error) {
    if (!(error instanceof StageConfigError)) throw error;
    const advice = 'Fix what is named. With config/stage.schema.json an editor helps.';
    return failed(error.message, advice, { cause: 'config-invalid' });
  }
}

/** The simulated eGain has new addresses at each start, and the sandbox tells them. */
async function inSandbox(
  config: StageConfig,
  seen: string,
  port: string,
): Promise<Finding<Examined>> {
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/_sandbox`;
  const facts = await fetch(url, { signal: AbortSignal.timeout(SANDBOX_MS) })
    .then(async (answer) => (await answer.json()) as Partial<SandboxFacts>)
    .catch(() => undefined);
  if (facts?.egain === undefined) {
    return failed(
      `no sandbox with a simulated eGain answers at ${url}`,
      'Start one in another terminal with npm start, and run the doctor command that it prints.',
      { cause: 'sandbox-not-running' },
    );
  }
  const { clientId, clientSecret, ...urls } = facts.egain;
  const egain = { ...config.egain, ...urls };
  return ok(seen, {
    value: { config: { ...config, egain }, sandbox: { clientId, clientSecret } },
    notes: [`examines the simulated eGain of the sandbox at ${origin}`],
  });
}

/**
 * eGain runs two families of environments. Each has its own form of token URLs and scopes, and users
 * often take one from here and the other from there.
 */
type Family = 'commercial' | 'newer';

/** The form of a scope in each family. */
const SCOPE_FORMS: Readonly<Record<Family, string>> = {
  commercial: 'one URL that ends in /.default, like https://api.egain.cloud/auth/.default',
  newer: 'bare names with spaces between, like app.conversation.conversationmgr.read',
};

/** The family of an API or token URL; undefined where the URL does not show it. */
function familyOfUrl(text: string): Family | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  if (/(^|\.)ai\.egain\.cloud$/.test(url.hostname)) return 'newer';
  if (/^\/system\/auth\/.+\/oauth2\/token$/.test(url.pathname)) return 'newer';
  if (url.pathname.endsWith('/oauth2/v2.0/token')) return 'commercial';
  return /(^|\.)egain\.cloud$/.test(url.hostname) ? 'commercial' : undefined;
}

/** The family of a scope; undefined where the scope does not show it. */
function familyOfScope(scope: string): Family | undefined {
  if (/^https?:\/\/\S+\/\.default$/.test(scope)) return 'commercial';
  return scope.split(' ').every((name) => /^[a-z]+(\.[a-z]+)+$/i.test(name)) ? 'newer' : undefined;
}

/** What of a stage's `egain` shows its family. */
interface Urls {
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
}

/** What does not go together in a stage's `egain`. Checks that fail repeat it as a cause. */
export function familyNotes(egain: Urls): string[] {
  const api = familyOfUrl(egain.apiUrl);
  const token = familyOfUrl(egain.tokenUrl);
  const urls = `egain.apiUrl is of eGain's ${api} environments, egain.tokenUrl of its ${token} ones`;
  const isMixed = token !== undefined && api !== undefined && token !== api;
  return [mixedScope(egain) ?? [], isMixed ? urls : []].flat();
}

/** Says that scope and token URL are of two families; undefined where they are not. */
export function mixedScope(egain: Omit<Urls, 'apiUrl'>): string | undefined {
  const token = familyOfUrl(egain.tokenUrl);
  const scope = familyOfScope(egain.scope);
  if (token === undefined || scope === undefined || token === scope) return undefined;
  return (
    `egain.scope has the form of eGain's ${scope} environments, egain.tokenUrl is of its ${token} ` +
    `ones, where a scope is ${SCOPE_FORMS[token]}`
  );
}
