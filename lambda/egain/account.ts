import * as z from 'zod/mini';

const optional = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));
const text = () => z.string();

/**
 * One conversation account, as eGain describes it: only what its page names, the rest is dropped
 * at parsing. A field that eGain marks as optional may be missing or null; both are kept as they
 * are. Enumerations are read as plain strings, so that a value eGain adds later breaks nothing.
 *
 * @see https://apidev.egain.com — Conversation Manager v3, `GET /accounts`
 */
export const accountSchema = z.object({
  id: optional(text()),
  name: text(),
  description: optional(text()),
  active: optional(z.boolean()),
  address: text(),
  channel: z.object({ id: optional(text()) }),
  created: optional(text()),
  modified: optional(text()),
  caseManagement: optional(
    z.object({
      sameCaseDuration: optional(z.number()),
      copyCustomAttributes: optional(z.boolean()),
    }),
  ),
  chatConfigurations: z.object({
    timeout: optional(z.number()),
    defaultLanguage: optional(text()),
    onAgentUnavailability: optional(text()),
    allowLogoutWithOpenChats: optional(z.boolean()),
    allowQueueTransferOnAgentUnavailability: optional(z.boolean()),
    orchestration: z.object({ id: optional(text()) }),
    entryPoint: z.object({ id: text() }),
  }),
  attributes: optional(z.array(z.object({ name: text(), value: text() }))),
});

export type Account = z.infer<typeof accountSchema>;

/** One page of `GET /accounts`, as eGain answers it. `pagenum` and `pagesize` may be missing. */
export const accountsPageSchema = z.object({
  paginationInfo: z.object({
    count: z.number().check(z.int(), z.nonnegative()),
    pagenum: optional(z.number()),
    pagesize: optional(z.number()),
  }),
  account: z.array(accountSchema),
});

export type AccountsPage = z.infer<typeof accountsPageSchema>;
