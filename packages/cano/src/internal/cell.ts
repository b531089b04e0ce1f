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

  hasTypeOf(key: Key<any>): boolean {
    return this.key === key || this.key.schema === key.schema || guardOf(key)(this.value)
  }
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
