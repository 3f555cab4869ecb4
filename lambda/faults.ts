/** Error names that a workflow catches by name (Step Functions `ErrorEquals`). */
export type WorkflowError =
  | 'InvalidRequest'
  | 'SnapshotExpired'
  | 'ServiceMisconfigured'
  | 'CredentialsRejected'
  | 'UpstreamContractBroken'
  | 'UpstreamUnavailable'
  | 'UpstreamThrottled'
  | 'InternalError';

interface FaultRow {
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The default `developerMessage`; who raises the fault may say something more precise. */
  readonly developerMessage: string;
  /** The `userMessage`, for those who ask for it. */
  readonly userMessage: string;
  /** What the receiver should do about it; stands in `docs/errors.md`. */
  readonly advice: string;
  /** What the task throws; `null` where a workflow can't meet the fault. */
  readonly workflowError: WorkflowError | null;
  /** Whether the same request, sent again later, may succeed. */
  readonly retry: boolean;
}

const REQUEST = 'The request could not be understood.';
const ACCESS = 'You do not have access to this.';
const BUSY = 'The service is busy. Please try again in a moment.';
const UNAVAILABLE = 'The service is unavailable at the moment. Please try again later.';
const BROKEN = 'Something went wrong on our side.';

/**
 * Every fault that the product can name. Codes have eGain's form, `{status}-{number}`; numbers
 * from 900 are the product's own. The HTTP envelope, the workflow's error names and retriers, the
 * gateway responses, the OpenAPI document and `docs/errors.md` are made from this table.
 */
export const FAULTS = {
  '400-901': {
    status: 400,
    developerMessage: 'A parameter is unknown, repeated or out of range.',
    userMessage: REQUEST,
    advice: 'Correct each parameter that `details` names.',
    workflowError: 'InvalidRequest',
    retry: false,
  },
  '401-901': {
    status: 401,
    developerMessage: 'The access token is missing, malformed, expired or not meant for this API.',
    userMessage: 'Please sign in again.',
    advice: 'Get a new access token by the client-credentials grant and send it as a bearer token.',
    workflowError: null,
    retry: false,
  },
  '403-901': {
    status: 403,
    developerMessage: 'The token is valid, but its client may not use this API.',
    userMessage: ACCESS,
    advice:
      'Ask for a token with `accounts/read`; if you did, ask the operator to enrol the client.',
    workflowError: null,
    retry: false,
  },
  '403-902': {
    status: 403,
    developerMessage: 'A filter, sort key or field is not open to your scopes.',
    userMessage: ACCESS,
    advice: 'Leave it out, or ask the operator for the scope that `details` names.',
    workflowError: null,
    retry: false,
  },
  '403-903': {
    status: 403,
    developerMessage: 'The request was blocked by the firewall.',
    userMessage: ACCESS,
    advice: 'Send fewer or plainer requests; ask the operator with the correlation id.',
    workflowError: null,
    retry: false,
  },
  '404-901': {
    status: 404,
    developerMessage: 'There is no such route or method.',
    userMessage: 'This does not exist.',
    advice: 'Compare the path and the method with the OpenAPI document.',
    workflowError: null,
    retry: false,
  },
  '404-902': {
    status: 404,
    developerMessage: 'There is no such account for this partner.',
    userMessage: 'This account does not exist.',
    advice: 'Take the id from a list; the account may have been removed.',
    workflowError: null,
    retry: false,
  },
  '409-901': {
    status: 409,
    developerMessage: 'The accounts have changed since the cursor was given.',
    userMessage: 'The list has changed. Please start over.',
    advice: 'Start over without a cursor.',
    workflowError: 'SnapshotExpired',
    retry: false,
  },
  '413-901': {
    status: 413,
    developerMessage: 'The answer or the request is larger than the platform allows.',
    userMessage: 'The answer is too large.',
    advice: 'Ask for a smaller `pagesize` or for fewer `fields`.',
    workflowError: 'InvalidRequest',
    retry: false,
  },
  '415-901': {
    status: 415,
    developerMessage: 'The media type of the request is not supported.',
    userMessage: REQUEST,
    advice: 'Send no body; ask for `application/json`.',
    workflowError: null,
    retry: false,
  },
  '429-901': {
    status: 429,
    developerMessage: 'The rate of requests is above what the partner may send.',
    userMessage: BUSY,
    advice: 'Slow down: wait a second, then longer, with jitter.',
    workflowError: null,
    retry: true,
  },
  '429-902': {
    status: 429,
    developerMessage: "The partner's quota is used up.",
    userMessage: 'The quota is used up.',
    advice: 'Wait for the next period, or ask the operator for a larger quota.',
    workflowError: null,
    retry: false,
  },
  '500-901': {
    status: 500,
    developerMessage: 'A fault of this service.',
    userMessage: BROKEN,
    advice: 'Report it to the operator with the correlation id.',
    workflowError: 'InternalError',
    retry: false,
  },
  '500-902': {
    status: 500,
    developerMessage: 'This service is not set up correctly.',
    userMessage: BROKEN,
    advice: 'Report the correlation id to the operator, who must mend the configuration.',
    workflowError: 'ServiceMisconfigured',
    retry: false,
  },
  '502-901': {
    status: 502,
    developerMessage: "eGain refuses this service's credentials.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator, who must renew the credentials.',
    workflowError: 'CredentialsRejected',
    retry: false,
  },
  '502-902': {
    status: 502,
    developerMessage: "eGain grants this service's credentials too little.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator, who must grant the scope in eGain.',
    workflowError: 'CredentialsRejected',
    retry: false,
  },
  '502-903': {
    status: 502,
    developerMessage: "eGain's answer is not what its contract says.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator with the correlation id.',
    workflowError: 'UpstreamContractBroken',
    retry: false,
  },
  '502-904': {
    status: 502,
    developerMessage: "The pages of eGain's answer do not add up.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator with the correlation id.',
    workflowError: 'UpstreamContractBroken',
    retry: false,
  },
  '502-905': {
    status: 502,
    developerMessage: 'eGain cannot be reached or fails.',
    userMessage: UNAVAILABLE,
    advice: 'Try again later, waiting longer each time.',
    workflowError: 'UpstreamUnavailable',
    retry: true,
  },
  '503-901': {
    status: 503,
    developerMessage: "eGain is throttling this service's requests.",
    userMessage: BUSY,
    advice: 'Wait for the seconds in `Retry-After`.',
    workflowError: 'UpstreamThrottled',
    retry: true,
  },
  '503-902': {
    status: 503,
    developerMessage: 'eGain has kept failing and is being left alone for a moment.',
    userMessage: UNAVAILABLE,
    advice: 'Wait for the seconds in `Retry-After`.',
    workflowError: 'UpstreamUnavailable',
    retry: true,
  },
  '504-901': {
    status: 504,
    developerMessage: 'eGain or the secret store did not answer in time.',
    userMessage: UNAVAILABLE,
    advice: 'Try again later, waiting longer each time.',
    workflowError: 'UpstreamUnavailable',
    retry: true,
  },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof FAULTS;

/** One row of an envelope's `details`. */
export interface Detail {
  readonly key: string;
  readonly value: string;
}

export interface FaultOptions {
  /** In place of the catalogue's `developerMessage`. Goes to the caller: nothing secret. */
  readonly developerMessage?: string;
  readonly details?: readonly Detail[];
  /** Whole seconds, for `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** For the log alone, never sent to a caller. Nothing secret here either. */
  readonly reason?: string;
}

/** A failure that the catalogue names. Whatever else is thrown is `500-901`. */
export class Fault extends Error {
  override readonly name: string = 'Fault';
  readonly code: string;
  readonly status: number;
  readonly developerMessage: string;
  readonly userMessage: string;
  readonly details: readonly Detail[];
  readonly retryAfterSeconds: number | undefined;
  readonly reason: string | undefined;
  readonly workflowError: WorkflowError;
  readonly retry: boolean;

  constructor(code: FaultCode, options: FaultOptions = {}) {
    const row: FaultRow = FAULTS[code];
    super(options.reason ?? options.developerMessage ?? row.developerMessage);
    this.code = code;
    this.status = row.status;
    this.developerMessage = options.developerMessage ?? row.developerMessage;
    this.userMessage = row.userMessage;
    this.details = options.details ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.reason = options.reason;
    this.workflowError = row.workflowError ?? 'InternalError';
    this.retry = row.retry;
  }
}

/** What an upstream says of a failure of its own, its texts fit to be passed on. */
export interface UpstreamEnvelope {
  readonly code: string;
  readonly developerMessage: string | undefined;
  readonly userMessage: string | undefined;
  readonly details: readonly Detail[];
}

/**
 * A 5xx of eGain's with an envelope of its own, passed on as it is. Thrown once retries are spent;
 * to a workflow it is `UpstreamUnavailable`, like `502-905`, which also lends it the texts that
 * eGain left out.
 */
export class UpstreamFault extends Fault {
  override readonly name: string = 'UpstreamFault';
  override readonly code: string;
  override readonly status: number;
  override readonly userMessage: string;

  constructor(status: number, envelope: UpstreamEnvelope) {
    super('502-905', {
      ...(envelope.developerMessage === undefined
        ? {}
        : { developerMessage: envelope.developerMessage }),
      details: envelope.details,
      reason: `eGain answered ${envelope.code}`,
    });
    this.code = envelope.code;
    this.status = status;
    this.userMessage = envelope.userMessage ?? FAULTS['502-905'].userMessage;
  }
}
