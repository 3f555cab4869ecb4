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
