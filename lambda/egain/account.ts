import * as z from 'zod/mini';
import { isRecord, readDateTime } from '../platform/parse.ts';

const field = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));
const text = () => field(z.string());
const flag = () => field(z.boolean());
const number = () => field(z.number());
const dateTime = () =>
  field(z.string().check(z.refine((date) => readDateTime(date) !== undefined)));

/**
 * One conversation account. Any field may be missing or null, also those that eGain's page calls
 * required: its own example lacks some. Enumerations are plain strings, so that a value which eGain
 * adds later breaks nothing.
 *
 * @see https://apidev.egain.com — Conversation Manager v3, `GET /accounts`
 */
export const accountSchema = z.object({
  id: text(),
  name: text(),
  description: text(),
  active: flag(),
  address: text(),
  channel: field(z.object({ id: text() })),
  created: dateTime(),
  modified: dateTime(),
  caseManagement: field(z.object({ sameCaseDuration: number(), copyCustomAttributes: flag() })),
  chatConfigurations: field(
    z.object({
      timeout: number(),
      defaultLanguage: text(),
      onAgentUnavailability: text(),
      allowLogoutWithOpenChats: flag(),
      allowQueueTransferOnAgentUnavailability: flag(),
      orchestration: field(z.object({ id: text() })),
      entryPoint: field(z.object({ id: text() })),
    }),
  ),
  attributes: field(z.array(z.object({ name: text(), value: text() }))),
});

export type Account = z.infer<typeof accountSchema>;

/** One page of `GET /accounts`. */
export interface AccountsPage {
  readonly paginationInfo: { readonly count: number; readonly pagesize?: number | undefined };
  readonly account: readonly Account[];
}

/** Told the path of each malformed field, as `attributes[3].name`. */
type Report = (path: string) => void;

/**
 * Reads one account out of eGain's JSON. A field that is not of its documented type, and a date that
 * cannot be read, is left out as if eGain had not sent it.
 *
 * @returns undefined where the value is no object
 */
export function readAccount(value: unknown, report: Report): Account | undefined {
  if (!isRecord(value)) return undefined;
  // Most accounts fit as a whole, and that is found out in half the time.
  const whole = z.safeParse(accountSchema, value);
  return whole.success ? whole.data : (fitting(accountSchema, value, '', report) as Account);
}

/** What fits the schema of a value; undefined where nothing does. */
function fitting(schema: z.core.$ZodType, value: unknown, path: string, report: Report): unknown {
  const { def } = schema as unknown as { readonly def: z.core.$ZodTypes['_zod']['def'] };
  if (def.type === 'optional') return fitting(def.innerType, value, path, report);
  if (def.type === 'nullable') {
    return value === null ? null : fitting(def.innerType, value, path, report);
  }
  if (def.type === 'object' && isRecord(value)) {
    const kept: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(def.shape)) {
      const found = value[name];
      if (found === undefined) continue;
      const fit = fitting(member, found, path === '' ? name : `${path}.${name}`, report);
      if (fit !== undefined) kept[name] = fit;
    }
    return kept;
  }
  if (def.type === 'array' && Array.isArray(value)) {
    return value
      .map((item: unknown, index) => fitting(def.element, item, `${path}[${index}]`, report))
      .filter((item) => item !== undefined);
  }
  if (z.safeParse(schema, value).success) return value;
  report(path);
  return undefined;
}
