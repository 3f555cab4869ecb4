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
  /** What callers see, in eGain's form: the HTTP status, and a number, from 900 on the product's. */
  readonly code: `${number}-9${number}`;
  /** Who raises the fault may say something more precise. */
  readonly developerMessage: string;
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

/** Adds to each row the HTTP status that its code begins with. */
function withStatus<const Rows extends Readonly<Record<string, FaultRow>>>(rows: Rows) {
  const entries = Object.entries(rows).map(([name, row]) => {
    return [name, { ...row, status: Number.parseInt(row.code, 10) }];
  });
  return Object.fromEntries(entries) as {
    readonly [Name in keyof Rows]: Rows[Name] & { readonly status: number };
  };
}

/**
 * Every fault that the product can name. The HTTP envelope, the workflow's error names and retriers,
 * the gateway responses, the OpenAPI document and `docs/errors.md` are made from this table.
 */
export const FAULTS = withStatus({
  invalidRequest: {
    code: '400-901',
    developerMessage: 'A parameter is unknown, repeated or out of range.',
    userMessage: REQUEST,
    advice: 'Correct each parameter that `details` names.',
    workflowError: 'InvalidRequest',
    retry: false,
  },
  unauthorized: {
    code: '401-901',
    developerMessage: 'The access token is missing, malformed, expired or not meant for this API.',
    userMessage: 'Please sign in again.',
    advice: 'Get a new access token by the client-credentials grant and send it as a bearer token.',
    workflowError: null,
    retry: false,
  },
  clientNotAllowed: {
    code: '403-901',
    developerMessage: 'The token is valid, but its client may not use this API.',
    userMessage: ACCESS,
    advice:
      'Ask for a token with `accounts/read`; if you did, ask the operator to enrol the client.',
    workflowError: null,
    retry: false,
  },
  scopeMissing: {
    code: '403-902',
    developerMessage: 'A filter, sort key or field is not open to your scopes.',
    userMessage: ACCESS,
    advice: 'Leave it out, or ask the operator for the scope that `details` names.',
    workflowError: null,
    retry: false,
  },
  blockedByFirewall: {
    code: '403-903',
    developerMessage: 'The request was blocked by the firewall.',
    userMessage: ACCESS,
    advice: 'Send fewer or plainer requests; ask the operator with the correlation id.',
    workflowError: null,
    retry: false,
  },
  noSuchRoute: {
    code: '404-901',
    developerMessage: 'There is no such route or method.',
    userMessage: 'This does not exist.',
    advice: 'Compare the path and the method with the OpenAPI document.',
    workflowError: null,
    retry: false,
  },
  noSuchAccount: {
    code: '404-902',
    developerMessage: 'There is no such account for this partner.',
    userMessage: 'This account does not exist.',
    advice: 'Take the id from a list; the account may have been removed.',
    workflowError: null,
    retry: false,
  },
  snapshotExpired: {
    code: '409-901',
    developerMessage: 'The accounts have changed since that version or cursor was given.',
    userMessage: 'The list has changed. Please start over.',
    advice: 'Start over: a list at its first page, a task without a cursor.',
    workflowError: 'SnapshotExpired',
    retry: false,
  },
  tooLarge: {
    code: '413-901',
    developerMessage: 'The answer or the request is larger than the platform allows.',
    userMessage: 'The answer is too large.',
    advice: 'Shorten the query; or ask for a smaller `pagesize` or for fewer `fields`.',
    workflowError: 'InvalidRequest',
    retry: false,
  },
  unsupportedMediaType: {
    code: '415-901',
    developerMessage: 'The media type of the request is not supported.',
    userMessage: REQUEST,
    advice: 'Send no body; ask for `application/json`.',
    workflowError: null,
    retry: false,
  },
  throttled: {
    code: '429-901',
    developerMessage: 'The rate of requests is above what the partner may send.',
    userMessage: BUSY,
    advice: 'Slow down: wait a second, then longer, with jitter.',
    workflowError: null,
    retry: true,
  },
  quotaExceeded: {
    code: '429-902',
    developerMessage: "The partner's quota is used up.",
    userMessage: 'The quota is used up.',
    advice: 'Wait for the next period, or ask the operator for a larger quota.',
    workflowError: null,
    retry: false,
  },
  internalError: {
    code: '500-901',
    developerMessage: 'A fault of this service.',
    userMessage: BROKEN,
    advice: 'Report it to the operator with the correlation id.',
    workflowError: 'InternalError',
    retry: false,
  },
  misconfigured: {
    code: '500-902',
    developerMessage: 'This service is not set up correctly.',
    userMessage: BROKEN,
    advice: 'Report the correlation id to the operator, who must mend the configuration.',
    workflowError: 'ServiceMisconfigured',
    retry: false,
  },
  egainCredentialsRefused: {
    code: '502-901',
    developerMessage: "eGain refuses this service's credentials.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator, who must renew the credentials.',
    workflowError: 'CredentialsRejected',
    retry: false,
  },
  egainScopeInsufficient: {
    code: '502-902',
    developerMessage: "eGain grants this service's credentials too little.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator, who must grant the scope in eGain.',
    workflowError: 'CredentialsRejected',
    retry: false,
  },
  egainContractBroken: {
    code: '502-903',
    developerMessage: "eGain's answer is not what its contract says.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator with the correlation id.',
    workflowError: 'UpstreamContractBroken',
    retry: false,
  },
  egainPagesInconsistent: {
    code: '502-904',
    developerMessage: "The pages of eGain's answer do not add up.",
    userMessage: UNAVAILABLE,
    advice: 'Report it to the operator with the correlation id.',
    workflowError: 'UpstreamContractBroken',
    retry: false,
  },
  egainUnavailable: {
    code: '502-905',
    developerMessage: 'eGain cannot be reached or fails.',
    userMessage: UNAVAILABLE,
    advice: 'Try again later, waiting longer each time.',
    workflowError: 'UpstreamUnavailable',
    retry: true,
  },
  egainThrottled: {
    code: '503-901',
    developerMessage: "eGain is throttling this service's requests.",
    userMessage: BUSY,
    advice: 'Wait for the seconds in `Retry-After`.',
    workflowError: 'UpstreamThrottled',
    retry: true,
  },
  egainLeftAlone: {
    code: '503-902',
    developerMessage: 'eGain has just failed and is being left alone for a moment.',
    userMessage: UNAVAILABLE,
    advice: 'Wait for the seconds in `Retry-After`.',
    workflowError: 'UpstreamUnavailable',
    retry: true,
  },
  secretStoreUnavailable: {
    code: '503-903',
    developerMessage: "The store that holds this service's credentials is throttling or failing.",
    userMessage: UNAVAILABLE,
    advice: 'Wait for the seconds in `Retry-After`.',
    workflowError: 'UpstreamUnavailable',
    retry: true,
  },
  timedOut: {
    code: '504-901',
    developerMessage: 'eGain or the secret store did not answer in time.',
    userMessage: UNAVAILABLE,
    advice: 'Try again later, waiting longer each time.',
    workflowError: 'UpstreamUnavailable',
    retry: true,
  },
});

/** A fault's name in the code; its code is what callers see. */
export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

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
  /** The status by which eGain's API turned the product's request down. */
  readonly refusedBy?: number;
  /** eGain's own code and status, where its failure is passed on under them. */
  readonly passedOn?: { readonly code: string; readonly status: number };
  /** What those from whom nothing is hidden are told in place of the same above. */
  readonly inFull?: Partial<FaultWords>;
}

interface FaultWords {
  readonly developerMessage: string;
  readonly userMessage: string;
  readonly details: readonly Detail[];
}

/** A failure that the catalogue names. Whatever else is thrown is an `internalError`. */
export class Fault extends Error {
  override readonly name: string = 'Fault';
  readonly kind: FaultName;
  /** The row's code, or eGain's own where that is passed on. */
  readonly code: string;
  readonly status: number;
  readonly developerMessage: string;
  readonly userMessage: string;
  readonly details: readonly Detail[];
  readonly retryAfterSeconds: number | undefined;
  readonly reason: string | undefined;
  readonly refusedBy: number | undefined;
  readonly workflowError: WorkflowError;
  readonly retry: boolean;
  readonly #inFull: Partial<FaultWords>;

  constructor(kind: FaultName, options: FaultOptions = {}) {
    const row: FaultRow & { readonly status: number } = FAULTS[kind];
    super(options.reason ?? options.developerMessage ?? row.developerMessage);
    this.kind = kind;
    this.code = options.passedOn?.code ?? row.code;
    this.status = options.passedOn?.status ?? row.status;
    this.developerMessage = options.developerMessage ?? row.developerMessage;
    this.userMessage = row.userMessage;
    this.details = options.details ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.reason = options.reason;
    this.refusedBy = options.refusedBy;
    this.workflowError = row.workflowError ?? 'InternalError';
    this.retry = row.retry;
    this.#inFull = options.inFull ?? {};
  }

  /**
   * What a caller is told. eGain's own words may name what a caller may not see.
   *
   * @param full whether nothing is hidden from the caller: neither fields nor accounts
   */
  told(full: boolean): FaultWords {
    const { developerMessage, userMessage, details } = this;
    return { developerMessage, userMessage, details, ...(full && this.#inFull) };
  }
}

export function isFault(thrown: unknown, ...kinds: readonly FaultName[]): thrown is Fault {
  return thrown instanceof Fault && kinds.includes(thrown.kind);
}

/** Makes an `internalError` of whatever is no fault. */
export function toFault(thrown: unknown): Fault {
  return thrown instanceof Fault ? thrown : new Fault('internalError');
}
