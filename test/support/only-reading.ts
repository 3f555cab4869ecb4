import type { Account } from '../../lambda/egain/account.ts';

/** The account, of which nothing can be read but what stands at these paths. All else throws. */
export function onlyReading(account: Account, ...paths: readonly string[]): Account {
  return guard(
    account,
    paths.map((path) => path.split('.')),
  );
}

function guard<T extends object>(value: T, paths: readonly (readonly string[])[]): T {
  return new Proxy(value, {
    get(target, key) {
      const inside = paths.filter(([step]) => step === key).map((steps) => steps.slice(1));
      if (inside.length === 0) throw new Error(`reads ${String(key)}`);
      const part: unknown = Reflect.get(target, key);
      const whole = inside.some((steps) => steps.length === 0);
      return whole || typeof part !== 'object' || part === null ? part : guard(part, inside);
    },
    ownKeys() {
      throw new Error('lists what is in it');
    },
  });
}
