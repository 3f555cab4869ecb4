/**
 * eGain runs two families of environments, and each has token URLs and scopes of its own form. To
 * take the one from here and the other from there is what users most often get wrong.
 */
export type Family = 'commercial' | 'newer';

/** What the scope looks like in each family. */
export const SCOPE_FORMS: Readonly<Record<Family, string>> = {
  commercial: 'one URL that ends in /.default, like https://api.egain.cloud/auth/.default',
  newer: 'bare names with spaces between, like app.conversation.conversationmgr.read',
};

/** The family of an API or token URL; undefined where it doesn't show. */
export function familyOfUrl(url: string): Family | undefined {
  const parsed = URL.parse(url);
  if (parsed === null) return undefined;
  if (/(^|\.)ai\.egain\.cloud$/.test(parsed.hostname)) return 'newer';
  if (/^\/system\/auth\/.+\/oauth2\/token$/.test(parsed.pathname)) return 'newer';
  if (parsed.pathname.endsWith('/oauth2/v2.0/token')) return 'commercial';
  return /(^|\.)egain\.cloud$/.test(parsed.hostname) ? 'commercial' : undefined;
}

/** The family of a scope; undefined where it doesn't show. */
export function familyOfScope(scope: string): Family | undefined {
  if (/^https?:\/\/\S+\/\.default$/.test(scope)) return 'commercial';
  return scope.split(' ').every((name) => /^[a-z]+(\.[a-z]+)+$/i.test(name)) ? 'newer' : undefined;
}

/** What doesn't go together in a stage's `egain`; the checks that fail say it again as a cause. */
export function familyNotes(egain: {
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
}): string[] {
  const token = familyOfUrl(egain.tokenUrl);
  const scope = familyOfScope(egain.scope);
  const api = familyOfUrl(egain.apiUrl);
  const notes: string[] = [];
  if (token !== undefined && scope !== undefined && token !== scope) {
    notes.push(
      `egain.scope has the form of eGain's ${scope} environments, egain.tokenUrl that of its ${token} ones; ` +
        `there a scope is ${SCOPE_FORMS[token]}`,
    );
  }
  if (token !== undefined && api !== undefined && token !== api) {
    notes.push(
      `egain.apiUrl belongs to eGain's ${api} environments, egain.tokenUrl to its ${token} ones`,
    );
  }
  return notes;
}
