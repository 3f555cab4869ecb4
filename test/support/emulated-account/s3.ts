import { type AccountState, type AwsAnswer, type AwsCall, xml } from './state.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export function answerS3({ url }: AwsCall, { objects }: AccountState): AwsAnswer {
  const text = objects.get(decodeURIComponent(url.pathname.slice(1)));
  if (text === undefined) return xml(404, '<Error><Code>NoSuchKey</Code></Error>');
  return { status: 200, contentType: 'application/json', text };
}
