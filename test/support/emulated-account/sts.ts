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

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function answerAssumeRole(): AwsAnswer {
  const credentials =
    '<AccessKeyId>ASIAEMULATED</AccessKeyId><SecretAccessKey>emulated</SecretAccessKey>' +
    '<SessionToken>emulated</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>';
  return xml(
    200,
    `<AssumeRoleResponse><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  );
}
