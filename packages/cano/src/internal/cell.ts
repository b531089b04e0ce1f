import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Key } from "../Store.ts"

/** One entry of a store. A read with the key of the latest write needs no type check. */
export class Cell {
  key: Key<any>
  value: unknown
  /** Whether the value is an array that nobody outside has seen. `append` may grow such an array in place. */
  isPrivate: boolean
  /** The result of `get`, kept for the next `get`. */
  private exit: Exit.Exit<any> | undefined = undefined

  constructor(key: Key<any>, value: unknown, isPrivate: boolean) {
    this.key = key
    this.value = value
    this.isPrivate = isPrivate
  }

  set(key: Key<any>, value: unknown, isPrivate: boolean): void {
    this.key = key
    this.value = value
    this.isPrivate = isPrivate
    this.exit = undefined
  }

  /** Gives the value to a reader outside, so the value is no longer private. */
  read(): Exit.Exit<any> {
    this.isPrivate = false
    return (this.exit ??= Exit.succeed(this.value))
  }

  /** Gives the value to a reader who has no key. */
  peek(): unknown {
    this.isPrivate = false
    return this.value instanceof Encoded ? this.value.json() : this.value
  }

  /** Whether the value has the type of a key. An entry of a journal is decoded by the first key that fits it. */
  hasTypeOf(key: Key<any>): boolean {
    if (this.value instanceof Encoded) return this.decode(key, this.value)
    return this.key === key || this.key.schema === key.schema || guardOf(key)(this.value)
  }

  private decode(key: Key<any>, { json }: Encoded): boolean {
    const decoded = decoderOf(key)(json())
    if (Exit.isFailure(decoded)) return false
    this.set(key, decoded.value, false)
    return true
  }
}

/** The text of a journal, until a key decodes it. */
export class Encoded {
  readonly text: string
  readonly json: () => unknown

  constructor(text: string) {
    this.text = text
    this.json = () => {
      try {
        return (JSON.parse(text) as { readonly value: unknown }).value
      } catch {
        return undefined // fits no key
      }
    }
  }
}

/** An entry from a journal. It keeps its text until a key reads it. */
export const encoded = (text: string): Cell => new Cell(anyKey, new Encoded(text), false)

const anyKey = { name: "", schema: Schema.Unknown } as unknown as Key<any>

/** A change of a store, for a journal. A removed entry has no schema. A value that nobody has read is `Encoded`. */
export interface Change {
  readonly name: string
  readonly schema: Schema.Codec<any, any> | undefined
  readonly value: unknown
}

/** The side of a store that a journal sees. */
export interface Journaled {
  /** Fills the store with the texts of a journal, and begins to remember changes. */
  readonly restore: (entries: ReadonlyArray<readonly [name: string, text: string]>) => void
  /** Gives the changes since the last time, and forgets them. */
  readonly take: () => ReadonlyArray<Change>
  /** Gives all entries. */
  readonly all: () => ReadonlyArray<Change>
  /** Takes changes over from texts. */
  readonly apply: (changes: ReadonlyArray<readonly [name: string, text: string | undefined]>) => void
}

export const JournalKey: unique symbol = Symbol("effect-cano/Store/journal")

const decoders = new WeakMap<object, (json: unknown) => Exit.Exit<unknown, unknown>>()

const decoderOf = ({ schema }: Key<any>): ((json: unknown) => Exit.Exit<unknown, unknown>) => {
  const known = decoders.get(schema)
  if (known !== undefined) return known
  const decode = Schema.decodeUnknownExit(Schema.toCodecJson(schema) as unknown as Schema.Codec<any, any>)
  decoders.set(schema, decode)
  return decode
}

const guards = new WeakMap<object, (value: unknown) => boolean>()

const guardOf = ({ schema }: Key<any>): ((value: unknown) => boolean) => {
  const known = guards.get(schema)
  if (known !== undefined) return known
  const guard = Schema.is(schema)
  guards.set(schema, guard)
  return guard
}

/** Gives the value of an entry, if there is one, to a reader outside. */
export const valueOf = <A>(cell: Cell | undefined): Option.Option<A> => {
  if (cell === undefined) return Option.none()
  cell.isPrivate = false
  return Option.some(cell.value as A)
}
