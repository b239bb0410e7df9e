const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A value that must not be seen: a token, a code, a verifier, a key.
 *
 * Printing it in any usual way (template, `String`, JSON, `util.inspect`, an error) gives
 * `[secret]`; only `reveal()` gives the value, and a test lists the files that may call it.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Hand it straight to the wire, the keychain or stdout, keep no copy. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [INSPECT](): string {
    return '[secret]'
  }
}
