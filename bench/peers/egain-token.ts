import { ClientCredentials } from 'simple-oauth2';

const { EGAIN_TOKEN_URL = '', EGAIN_SCOPE = '' } = process.env;

/** eGain's access token for this client; it outlasts a benchmark. */
export async function egainToken(id = '', secret = ''): Promise<string> {
  const { origin, pathname } = new URL(EGAIN_TOKEN_URL);
  const client = new ClientCredentials({
    client: { id, secret },
    auth: { tokenHost: origin, tokenPath: pathname },
    options: { authorizationMethod: 'body' },
  });
  const { token } = await client.getToken({ scope: EGAIN_SCOPE });
  return String(token['access_token']);
}
