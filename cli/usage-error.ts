/** Thrown for a command line that can't be used; its message is for the person at the keyboard. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
