import type { ParameterName } from '../../lambda/accounts/parameters.ts';
import type { Account } from '../../lambda/egain/account.ts';
import type { Detail, FaultName } from '../../lambda/faults.ts';

/** eGain's accounts in the document's examples. */
export const EXAMPLE_ACCOUNTS: readonly Account[] = [
  {
    id: '0b8f5a52-3c1e-4b7e-9f0d-6a2d1c9e4f10',
    name: 'billing_chat',
    description: 'Questions about invoices',
    active: true,
    address: 'billing@shop.test',
    channel: { id: '5d0c2f6e-8a41-4c39-b1f7-2e9d7a6c3b01' },
    created: '2026-01-12T09:30:00.000Z',
    modified: '2026-03-02T16:05:41.250Z',
    caseManagement: { sameCaseDuration: 120, copyCustomAttributes: true },
    chatConfigurations: {
      timeout: 30,
      defaultLanguage: 'en-US',
      onAgentUnavailability: 'off_hours',
      allowLogoutWithOpenChats: false,
      allowQueueTransferOnAgentUnavailability: true,
      orchestration: { id: '9a7e4d13-6f25-4e08-8c5b-1d3f0b2a6e02' },
      entryPoint: { id: '1001' },
    },
    attributes: [{ name: 'region', value: 'emea' }],
  },
  {
    id: '7e3d9c64-1f0a-4d2b-8b6e-5c4a3f2e1d03',
    name: 'order_chat',
    address: '+15550100',
    channel: { id: '5d0c2f6e-8a41-4c39-b1f7-2e9d7a6c3b01' },
    created: '2026-02-20T11:00:00.000Z',
    modified: '2026-02-20T11:00:00.000Z',
    chatConfigurations: {
      timeout: 45,
      defaultLanguage: 'de-DE',
      orchestration: { id: '9a7e4d13-6f25-4e08-8c5b-1d3f0b2a6e02' },
      entryPoint: { id: '1002' },
    },
    attributes: null,
  },
];

/** A value for each parameter that matches some of the accounts above. */
export const PARAMETER_EXAMPLES: Record<ParameterName, unknown> = {
  pagenum: 1,
  pagesize: 50,
  active: true,
  name: 'order',
  channel: ['5d0c2f6e-8a41-4c39-b1f7-2e9d7a6c3b01'],
  orchestration: ['9a7e4d13-6f25-4e08-8c5b-1d3f0b2a6e02'],
  entryPoint: ['1001', '1002'],
  language: 'de-de',
  onAgentUnavailability: 'off_hours',
  createdAfter: '2026-02-01T00:00:00Z',
  createdBefore: '2026-02-01T00:00:00+01:00',
  modifiedAfter: '2026-03-01T00:00:00Z',
  modifiedBefore: '2026-03-01T00:00:00Z',
  attribute: ['region:emea'],
  sort: '-modified',
  fields: ['id', 'name', 'channel.id'],
  version: 'Zm9vYmFyYmF6cXV4cXV1eA',
};

/** Query strings that are refused for a partner with only `accounts/read`, and the `details`. */
export const REFUSED_EXAMPLES = {
  invalidRequest: {
    query: 'pagesize=0&active=maybe&colour=red',
    details: [
      { key: 'colour', value: 'no such parameter' },
      { key: 'active', value: 'expected true or false; got "maybe"' },
      { key: 'pagesize', value: 'expected an integer from 1 to 500; got "0"' },
    ],
  },
  scopeMissing: {
    query: 'orchestration=1&fields=id,address',
    details: [
      {
        key: 'orchestration',
        value: 'chatConfigurations.orchestration.id needs the scope accounts/read.configuration',
      },
      { key: 'fields', value: 'address needs the scope accounts/read.address' },
    ],
  },
} as const satisfies Partial<
  Record<FaultName, { readonly query: string; readonly details: readonly Detail[] }>
>;

/** The `details` of faults that come from eGain's answer. */
export const UPSTREAM_DETAILS: Partial<Record<FaultName, readonly Detail[]>> = {
  egainScopeInsufficient: [
    { key: 'egain.code', value: '403-197' },
    { key: 'egain.developerMessage', value: 'The scope is not assigned to the client.' },
  ],
};
