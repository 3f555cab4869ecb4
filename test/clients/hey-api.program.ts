import { client } from './generated/client.gen.ts';
import { getAccount, listAccounts } from './generated/index.ts';
import { main } from './program.ts';

/** What somebody writes with the client that @hey-api/openapi-ts generates. */
main(async ({ baseUrl, token, channels }) => {
  client.setConfig({ baseUrl, auth: () => token });
  const named = await listAccounts({ query: { fields: ['id', 'name'], channel: channels } });
  const ids: string[] = [];
  let count = Number.POSITIVE_INFINITY;
  for (let pagenum = 1; ids.length < count; pagenum += 1) {
    const { data } = await listAccounts({ query: { pagenum, pagesize: 50 } });
    if (data === undefined) throw new Error('no page');
    ({ count } = data.paginationInfo);
    ids.push(...data.account.flatMap(({ id }) => id ?? []));
  }
  const one = await getAccount({ path: { id: ids[0] ?? '' } });
  const tag = one.response?.headers.get('etag') ?? '';
  const same = await getAccount({ path: { id: ids[0] ?? '' }, headers: { 'If-None-Match': tag } });
  const wrong = await listAccounts({ query: { pagesize: 0 } });
  return {
    keys: Object.keys(named.data?.account[0] ?? {}),
    matching: named.data?.paginationInfo.count,
    ids: ids.length,
    distinct: new Set(ids).size,
    one: one.data?.id === ids[0],
    unchanged: same.response?.status,
    wrong: wrong.error?.code,
    detail: wrong.error?.details?.[0]?.key,
    refused: async () => (await listAccounts()).error?.code,
  };
});
