import type { Sandbox } from '../../../sandbox/sandbox.ts';

/** One request of the SDK's. */
export interface AwsCall {
  readonly method: string;
  readonly url: URL;
  /** `X-Amz-Target`, where the service's protocol has it. */
  readonly target: string;
  readonly body: string;
}

export interface AwsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface AppClient {
  readonly name: string;
  readonly id: string;
  /** With their ids and when they were made, in seconds since the epoch; two at most. */
  secrets: { readonly id: string; readonly value: string; readonly made: number }[];
}

/** A resource that a stack has made. */
export interface EmulatedResource {
  readonly type: string;
  /** One that is unique in the account, with the type before it. */
  readonly name: string | undefined;
  /** Its `DeletionPolicy`. */
  readonly policy: string;
  /** Whether its service refuses to delete it. */
  readonly isProtected: boolean;
}

export interface EmulatedStack {
  readonly name: string;
  readonly status: string;
  /** By logical id. @default - none are known */
  readonly resources?: Readonly<Record<string, EmulatedResource>>;
  /** Why a deploy failed. */
  readonly reason?: string | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  /** Whether it is protected from termination. @default false */
  readonly isProtected?: boolean;
  /** Of outputs, by name. */
  readonly descriptions?: Readonly<Record<string, string>>;
}

/** What is in the account. A test changes it to see what a command says. */
export interface AccountState {
  readonly account: string;
  readonly region: string;
  cloudwatchRoleArn: string | undefined;
  /** The names of IAM's roles. */
  roles: readonly string[];
  stacks: EmulatedStack[];
  /** What outlived its stack. */
  readonly retained: EmulatedResource[];
  /** No resource of this type is made. */
  refusedType?: string | undefined;
  /** Where the default route of each subnet of the one VPC goes; undefined where it has none. */
  readonly routes: Map<string, string | undefined>;
  /** The endpoints of the VPC, by service. */
  readonly endpoints: string[];
  /** The state of each alarm, by its name. */
  readonly alarms: Map<string, 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'>;
  readonly clients: AppClient[];
  /** Requests by day, newest last, by the name of the usage plan. */
  readonly usage: ReadonlyMap<string, readonly (readonly [used: number, left: number])[]>;
  /** By bucket and key. */
  readonly objects: Map<string, string>;
  readonly executions: Map<string, object>;
  /** Runs the functions and the state machine. @default - there are none */
  sandbox?: Sandbox;
  /** Refuses every call of this action. */
  denied?: string | undefined;
  /** Called once a secret is made, before the answer is sent. */
  onSecretMade?: () => void;
}

export function json(status: number, body: object, version = '1.1'): AwsAnswer {
  const contentType = `application/x-amz-json-${version}`;
  return { status, contentType, text: JSON.stringify(body) };
}

export function xml(status: number, text: string): AwsAnswer {
  return { status, contentType: 'text/xml', text };
}

/** The query protocol's answer to an action. */
export function xmlResult(action: string, inner: string): AwsAnswer {
  return xml(
    200,
    `<${action}Response><${action}Result>${inner}</${action}Result></${action}Response>`,
  );
}

/** The query protocol's error. */
export function xmlError(code: string, message: string): AwsAnswer {
  const inner = `<Type>Sender</Type><Code>${code}</Code><Message>${message}</Message>`;
  return xml(400, `<ErrorResponse><Error>${inner}</Error><RequestId>r</RequestId></ErrorResponse>`);
}
