/** What the deployer does about a code of the product's; see docs/errors.md for all of them. */
const ADVICE: Readonly<Record<string, string>> = {
  '401-901':
    'The API does not take the token: were issuer and audience changed after the deploy? Deploy again.',
  '403-901':
    'The API does not know the client: deploy, so that it learns of the partner; an answer of the authorizer is kept for 60 s.',
  '500-902': `Put {"clientId":"…","clientSecret":"…"} into the secret: aws secretsmanager put-secret-value --secret-id <CredentialsSecretArn> --secret-string file://<file>`,
  '502-901': "eGain refuses the secret's credentials: npm run doctor tells why.",
  '502-902': "eGain grants the secret's client too little: npm run doctor tells why.",
  '502-903':
    'eGain answers otherwise than its contract says: npm run doctor names the differences.',
  '502-904': "eGain's pages do not add up: npm run doctor, and tell eGain.",
  '502-905': 'eGain cannot be reached: npm run doctor tells from where.',
  '503-901': 'eGain is throttling: try again later, and look at cache.freshSeconds.',
  '503-902': 'A walk has just failed: try again in a minute, and let npm run doctor tell why.',
  '504-901': 'eGain did not answer in time: npm run doctor measures it.',
};

/** What to do about an answer that should have been another one. */
export function adviceForCode(code: string | undefined, secretArn: string | undefined): string {
  const text = ADVICE[code ?? ''];
  if (text !== undefined) return text.replace('<CredentialsSecretArn>', secretArn ?? '$&');
  return 'docs/symptoms.md and docs/errors.md say what it means; the log query "Why requests failed" has the rest.';
}
