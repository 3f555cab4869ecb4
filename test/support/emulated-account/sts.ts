import { type AccountState, type AwsAnswer, xml, xmlError } from './state.ts';

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function answerSts({ account, denied }: AccountState): AwsAnswer {
  if (denied === 'GetCallerIdentity') {
    return xmlError('ExpiredToken', 'The security token included in the request is expired');
  }
  const result = `<Arn>arn:aws:iam::${account}:user/deployer</Arn><UserId>AIDA</UserId><Account>${account}</Account>`;
  return xml(
    200,
    `<GetCallerIdentityResponse><GetCallerIdentityResult>${result}</GetCallerIdentityResult></GetCallerIdentityResponse>`,
  );
}
