import { type AccountState, type AwsAnswer, type AwsCall, xml } from './state.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export function answerS3({ method, url, body }: AwsCall, state: AccountState): AwsAnswer {
  const { objects, region } = state;
  const key = decodeURIComponent(url.pathname.slice(1));
  if (method === 'PUT') {
    objects.set(key, body);
    return xml(200, '');
  }
  if (url.searchParams.get('list-type') === '2') {
    const start = `${key.replace(/\/$/, '')}/${url.searchParams.get('prefix') ?? ''}`;
    const found = [...objects.keys()].filter((one) => one.startsWith(start));
    const rows = found.map(
      (one) => `<Contents><Key>${one.replace(/^[^/]+\//, '')}</Key></Contents>`,
    );
    const count = `<KeyCount>${found.length}</KeyCount>`;
    return xml(200, `<ListBucketResult>${count}${rows.join('')}</ListBucketResult>`);
  }
  if (url.searchParams.has('location')) {
    return xml(200, `<LocationConstraint>${region}</LocationConstraint>`);
  }
  if (url.searchParams.has('encryption')) {
    const rule = '<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>';
    return xml(
      200,
      `<ServerSideEncryptionConfiguration>${rule}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
    );
  }
  const text = objects.get(key);
  if (text === undefined) return xml(404, '<Error><Code>NoSuchKey</Code></Error>');
  return { status: 200, contentType: 'application/json', text };
}
