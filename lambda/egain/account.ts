import * as z from 'zod/mini';
import { isRecord, readDateTime } from '../platform/parse.ts';

const field = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));
const text = () => field(z.string());
const flag = () => field(z.boolean());
const number = () => field(z.number());
const dateTime = () =>
  field(z.string().check(z.refine((date) => readDateTime(date) !== undefined)));

/**
 * One conversation account, with the fields that eGain's page names. Any of them may be missing or
 * null, also those that the page calls required: eGain's own example lacks some. Enumerations are
 * plain strings, so that a value which eGain adds later breaks nothing.
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

/** Gives what fits of a value; undefined where nothing does. */
type Reader = (value: unknown, path: string, report: Report) => unknown;

/**
 * Reads one account out of eGain's JSON: what the schema knows of it. A field that is not of its
 * documented type, and a date that cannot be read, is left out as if eGain had not sent it.
 *
 * @returns undefined where the value is no object
 */
export function readAccount(value: unknown, report: Report): Account | undefined {
  return isRecord(value) ? (readFields(value, '', report) as Account) : undefined;
}

/** Makes the reader of a schema, so that the fields stand in one place alone. */
function readerOf(schema: z.core.$ZodType): Reader {
  const { def } = schema as unknown as { readonly def: z.core.$ZodTypes['_zod']['def'] };
  if (def.type === 'optional') return readerOf(def.innerType);
  if (def.type === 'nullable') return nullOr(readerOf(def.innerType));
  if (def.type === 'object') return objectOf(def.shape);
  if (def.type === 'array') return listOf(readerOf(def.element));
  return (value, path, report) => {
    if (z.safeParse(schema, value).success) return value;
    report(path);
    return undefined;
  };
}

function nullOr(read: Reader): Reader {
  return (value, path, report) => (value === null ? null : read(value, path, report));
}

function objectOf(shape: Readonly<Record<string, z.core.$ZodType>>): Reader {
  const fields = Object.entries(shape).map(([name, schema]) => [name, readerOf(schema)] as const);
  return (value, path, report) => {
    if (!isRecord(value)) {
      report(path);
      return undefined;
    }
    const kept: Record<string, unknown> = {};
    for (const [name, read] of fields) {
      const found = value[name];
      if (found === undefined) continue;
      const fit = read(found, path === '' ? name : `${path}.${name}`, report);
      if (fit !== undefined) kept[name] = fit;
    }
    return kept;
  };
}

function listOf(read: Reader): Reader {
  return (value, path, report) => {
    if (Array.isArray(value)) {
      return value
        .map((item: unknown, index) => read(item, `${path}[${index}]`, report))
        .filter((item) => item !== undefined);
    }
    report(path);
    return undefined;
  };
}

const readFields = readerOf(accountSchema);
