import createClient from 'openapi-fetch';
import type { paths } from './generated.d.ts';
import { main } from './program.ts';

/** What somebody writes with openapi-fetch and the types that openapi-typescript generates. */
main(async ({ baseUrl, token, channels }) => {
  const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
  const named = await client.GET('/accounts', {
    params: { query: { fields: ['id', 'name'], channel: channels } },
  });
  const ids: string[] = [];
  let count = Number.POSITIVE_INFINITY;
  for (let pagenum = 1; ids.length < count; pagenum += 1) {
    const { data } = await client.GET('/accounts', {
      params: { query: { pagenum, pagesize: 50 } },
    });
    if (data === undefined) throw new Error('no page');
    ({ count } = data.paginationInfo);
    ids.push(...data.account.flatMap(({ id }) => id ?? []));
  }
  const path = { id: ids[0] ?? '' };
  const one = await client.GET('/accounts/{id}', { params: { path } });
  const tag = one.response.headers.get('etag') ?? '';
  const same = await client.GET('/accounts/{id}', {
    params: { path, header: { 'If-None-Match': tag } },
  });
  const wrong = await client.GET('/accounts', { params: { query: { pagesize: 0 } } });
  return {
    keys: Object.keys(named.data?.account[0] ?? {}),
    matching: named.data?.paginationInfo.count,
    ids: ids.length,
    distinct: new Set(ids).size,
    one: one.data?.id === ids[0],
    unchanged: same.response.status,
    wrong: wrong.error?.code,
    detail: wrong.error?.details?.[0]?.key,
    refused: async () => (await client.GET('/accounts')).error?.code,
  };
});
