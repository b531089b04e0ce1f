/**
 * Stores carry data from one state to the next.
 *
 * `MemoryStore` is ready to use: a map with typed keys. For a store of your own, write any `Context.Service` and
 * `yield*` it in your tasks. The service then shows in the workflow's `R`.
 *
 * 1. Every operation is atomic: concurrent fibers never lose an update.
 * 2. Any string is a legal key, `__proto__` included; the store is a `Map`.
 * 3. A key reads only values of its own type. A value of another type under the same name is a {@link TypeMismatch},
 *    and stays untouched.
 * 4. Programs share a store only if they are given the same one: each build of `MemoryStore.layer` makes a new store.
 *
 * @example
 * ```ts
 * import { Store } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Scores = Store.key("scores", Schema.Array(Schema.Number))
 *
 * const program = Effect.gen(function* () {
 *   yield* Store.put(Scores, [85, 92, 78])
 *   yield* Store.append(Scores, 95)
 *   return yield* Store.get(Scores) // [85, 92, 78, 95]
 * }).pipe(Effect.provide(Store.MemoryStore.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Invariant } from "effect/Types"
import { Cell, type Change, encoded, JournalKey, type Journaled, valueOf } from "./internal/cell.ts"

const KeyTypeId = "~effect-cano/Store/Key"

/**
 * The name and the type of an entry.
 *
 * @category models
 * @since 0.1.0
 */
export interface Key<in out A> {
  readonly [KeyTypeId]: Invariant<A>
  readonly name: string
  /** Decides whether a value under this name has the key's type, and lets a journal encode the value. */
  readonly schema: Schema.Codec<A, any, never, never>
}

/**
 * @since 0.1.0
 */
export declare namespace Key {
  /**
   * The type of the values under a key.
   *
   * @category models
   * @since 0.1.0
   */
  export type Value<K> = K extends Key<infer A> ? A : never
}

/**
 * Nothing is stored under the key.
 *
 * @category errors
 * @since 0.1.0
 */
export class KeyNotFound extends Data.TaggedError("KeyNotFound")<{ readonly key: string }> {
  override get message(): string {
    return `Nothing is stored under key "${this.key}"`
  }
}

/**
 * The value under the key does not have the key's type. The value is untouched and is not part of the error.
 *
 * @category errors
 * @since 0.1.0
 */
export class TypeMismatch extends Data.TaggedError("TypeMismatch")<{ readonly key: string }> {
  override get message(): string {
    return `The value stored under key "${this.key}" does not have the type of the key`
  }
}

/**
 * Makes a typed key. Keys with the same name address the same entry.
 *
 * @example
 * ```ts
 * import { Store } from "effect-cano"
 * import * as Schema from "effect/Schema"
 *
 * const UserId = Store.key("user_id", Schema.Number)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const key = <A, I>(name: string, schema: Schema.Codec<A, I, never, never>): Key<A> => new KeyImpl(name, schema)

/** A class whose private field keeps other implementations, and copies by spread, from passing as a store. */
abstract class Sealed {
  declare private readonly sealed: true
}

/**
 * The operations of a {@link MemoryStore}. The functions of this module are the same operations on the store of the
 * context. Only `MemoryStore.make` makes stores. For a store with other behaviour, write a service of your own.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemoryStoreShape extends Sealed {
  readonly get: <A>(key: Key<A>) => Effect.Effect<A, KeyNotFound | TypeMismatch>
  readonly getOption: <A>(key: Key<A>) => Effect.Effect<Option.Option<A>, TypeMismatch>
  readonly getOrElse: <A>(key: Key<A>, orElse: () => NoInfer<A>) => Effect.Effect<A, TypeMismatch>
  readonly put: <A>(key: Key<A>, value: NoInfer<A>) => Effect.Effect<void>
  readonly append: <L extends ReadonlyArray<any>>(
    key: Key<L> & ListKey<L>,
    item: NoInfer<L[number]>
  ) => Effect.Effect<void, TypeMismatch>
  readonly update: <A>(key: Key<A>, f: (value: A) => NoInfer<A>) => Effect.Effect<A, KeyNotFound | TypeMismatch>
  readonly modify: <A, B>(
    key: Key<A>,
    f: (value: Option.Option<A>) => readonly [result: B, value: NoInfer<A>]
  ) => Effect.Effect<B, TypeMismatch>
  readonly remove: <A>(key: Key<A>) => Effect.Effect<void, KeyNotFound>
  readonly has: <A>(key: Key<A>) => Effect.Effect<boolean>
  readonly keys: Effect.Effect<ReadonlyArray<string>>
  readonly size: Effect.Effect<number>
  readonly isEmpty: Effect.Effect<boolean>
  readonly clear: Effect.Effect<void>
  readonly snapshot: Effect.Effect<ReadonlyMap<string, unknown>>
}

/**
 * A key-value store in memory.
 *
 * @example
 * ```ts
 * import { Store } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * const shared = Effect.gen(function* () {
 *   const store = yield* Store.MemoryStore.make // a store to hand to several runs
 *   return Effect.provideService(Store.MemoryStore, store)
 * })
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class MemoryStore extends Context.Service<MemoryStore, MemoryStoreShape>()("effect-cano/MemoryStore") {
  /** Makes a new, empty store. */
  static readonly make: Effect.Effect<MemoryStoreShape> = Effect.sync(() => new MemoryStoreImpl())

  /** Provides a new, empty store for each build of the layer. */
  static readonly layer: Layer.Layer<MemoryStore> = Layer.fresh(Layer.effect(MemoryStore, MemoryStore.make))
}

/**
 * Reads the value of a key.
 *
 * @category reading
 * @since 0.1.0
 */
export const get = <A>(key: Key<A>): Effect.Effect<A, KeyNotFound | TypeMismatch, MemoryStore> =>
  (key as KeyImpl<A>).read

/**
 * Reads the value of a key, or `None` for a missing key. A value of another type still fails.
 *
 * @category reading
 * @since 0.1.0
 */
export const getOption = <A>(key: Key<A>): Effect.Effect<Option.Option<A>, TypeMismatch, MemoryStore> =>
  MemoryStore.use((store) => store.getOption(key))

/**
 * Reads the value of a key, or computes a default for a missing key. A value of another type still fails.
 *
 * @category reading
 * @since 0.1.0
 */
export const getOrElse: {
  <A>(orElse: () => A): (key: Key<A>) => Effect.Effect<A, TypeMismatch, MemoryStore>
  <A>(key: Key<A>, orElse: () => NoInfer<A>): Effect.Effect<A, TypeMismatch, MemoryStore>
} = dual(2, <A>(key: Key<A>, orElse: () => NoInfer<A>): Effect.Effect<A, TypeMismatch, MemoryStore> =>
  MemoryStore.use((store) => store.getOrElse(key, orElse))
)

/**
 * Checks whether a value of any type is stored under the name of a key.
 *
 * @category reading
 * @since 0.1.0
 */
export const has = <A>(key: Key<A>): Effect.Effect<boolean, never, MemoryStore> =>
  MemoryStore.use((store) => store.has(key))

/**
 * Lists the names of all entries, oldest entry first.
 *
 * @category reading
 * @since 0.1.0
 */
export const keys: Effect.Effect<ReadonlyArray<string>, never, MemoryStore> = MemoryStore.use((store) => store.keys)

/**
 * Counts the entries.
 *
 * @category reading
 * @since 0.1.0
 */
export const size: Effect.Effect<number, never, MemoryStore> = MemoryStore.use((store) => store.size)

/**
 * Checks whether the store has no entry.
 *
 * @category reading
 * @since 0.1.0
 */
export const isEmpty: Effect.Effect<boolean, never, MemoryStore> = MemoryStore.use((store) => store.isEmpty)

/**
 * Copies all entries, by name. Later writes do not change the copy.
 *
 * @category reading
 * @since 0.1.0
 */
export const snapshot: Effect.Effect<ReadonlyMap<string, unknown>, never, MemoryStore> = MemoryStore.use(
  (store) => store.snapshot
)

/**
 * Stores a value under a key, in place of any value there, whatever its type.
 *
 * @category writing
 * @since 0.1.0
 */
export const put: {
  <A>(value: A): (key: Key<A>) => Effect.Effect<void, never, MemoryStore>
  <A>(key: Key<A>, value: NoInfer<A>): Effect.Effect<void, never, MemoryStore>
} = dual(2, <A>(key: Key<A>, value: NoInfer<A>): Effect.Effect<void, never, MemoryStore> =>
  Effect.withFiberSucceed((fiber) => storeOf(fiber.context).write(key, value, false))
)

/**
 * Adds an item to the end of the list under a key. For a missing key, stores a list of that one item.
 *
 * The key must be of an array type, not of a tuple. A list that was put or read never changes: the first append after a
 * put or a read copies the list.
 *
 * @category writing
 * @since 0.1.0
 */
export const append: {
  <A>(
    item: A
  ): <L extends ReadonlyArray<any>>(
    key: Key<L> & ListKey<L> & (A extends L[number] ? unknown : "the item does not fit the list")
  ) => Effect.Effect<void, TypeMismatch, MemoryStore>
  <L extends ReadonlyArray<any>>(
    key: Key<L> & ListKey<L>,
    item: NoInfer<L[number]>
  ): Effect.Effect<void, TypeMismatch, MemoryStore>
} = dual(2, (key: Key<any>, item: unknown): Effect.Effect<void, TypeMismatch, MemoryStore> =>
  MemoryStore.use((store) => store.append(key, item))
)

/** Refuses keys of tuples, whose length is fixed. */
type ListKey<L extends ReadonlyArray<any>> = number extends L["length"]
  ? unknown
  : "a tuple cannot be appended to: use a key of an array"

/**
 * Replaces the value of a key by a function of the value, atomically, and gives the new value.
 *
 * @category writing
 * @since 0.1.0
 */
export const update: {
  <A>(f: (value: A) => A): (key: Key<A>) => Effect.Effect<A, KeyNotFound | TypeMismatch, MemoryStore>
  <A>(key: Key<A>, f: (value: A) => NoInfer<A>): Effect.Effect<A, KeyNotFound | TypeMismatch, MemoryStore>
} = dual(2, <A>(key: Key<A>, f: (value: A) => NoInfer<A>): Effect.Effect<A, KeyNotFound | TypeMismatch, MemoryStore> =>
  MemoryStore.use((store) => store.update(key, f))
)

/**
 * Computes a result and the next value from the current value, atomically. The function gets `None` for a missing key,
 * so it can create an entry.
 *
 * @example
 * ```ts
 * import { Store } from "effect-cano"
 * import * as Option from "effect/Option"
 * import * as Schema from "effect/Schema"
 *
 * const Visits = Store.key("visits", Schema.Number)
 *
 * // gives the number before this visit
 * const visit = Store.modify(Visits, (n) => {
 *   const before = Option.getOrElse(n, () => 0)
 *   return [before, before + 1]
 * })
 * ```
 *
 * @category writing
 * @since 0.1.0
 */
export const modify: {
  <A, B>(
    f: (value: Option.Option<A>) => readonly [result: B, value: A]
  ): (key: Key<A>) => Effect.Effect<B, TypeMismatch, MemoryStore>
  <A, B>(
    key: Key<A>,
    f: (value: Option.Option<A>) => readonly [result: B, value: NoInfer<A>]
  ): Effect.Effect<B, TypeMismatch, MemoryStore>
} = dual(
  2,
  <A, B>(
    key: Key<A>,
    f: (value: Option.Option<A>) => readonly [result: B, value: NoInfer<A>]
  ): Effect.Effect<B, TypeMismatch, MemoryStore> => MemoryStore.use((store) => store.modify(key, f))
)

/**
 * Removes the entry of a key. A missing key is a failure, as in Cano 0.3 and 0.6.
 *
 * @category writing
 * @since 0.1.0
 */
export const remove = <A>(key: Key<A>): Effect.Effect<void, KeyNotFound, MemoryStore> =>
  MemoryStore.use((store) => store.remove(key))

/**
 * Removes all entries.
 *
 * @category writing
 * @since 0.1.0
 */
export const clear: Effect.Effect<void, never, MemoryStore> = MemoryStore.use((store) => store.clear)

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

class KeyImpl<A> implements Key<A> {
  declare readonly [KeyTypeId]: Invariant<A>
  readonly name: string
  readonly schema: Schema.Codec<A, any, never, never>
  /** Reading needs nothing but the key, so its Effect is built once. */
  readonly read: Effect.Effect<A, KeyNotFound | TypeMismatch, MemoryStore>

  constructor(name: string, schema: Schema.Codec<A, any, never, never>) {
    this.name = name
    this.schema = schema
    this.read = Effect.withFiber((fiber) => storeOf(fiber.context).read(this))
  }

  toJSON() {
    return { _id: "Key", name: this.name }
  }

  [NodeInspectSymbol]() {
    return this.toJSON()
  }
}

/** Only this module makes stores (see {@link Sealed}), so the store of the context is a `MemoryStoreImpl`. */
const storeOf = (context: Context.Context<never>): MemoryStoreImpl =>
  Context.getUnsafe(context as Context.Context<MemoryStore>, MemoryStore) as MemoryStoreImpl

class MemoryStoreImpl extends Sealed implements MemoryStoreShape {
  private readonly cells = new Map<string, Cell>()
  /** The names of the entries that have changed; none in a store that no journal keeps. */
  private changed: Set<string> | undefined = undefined

  /** The side of the store that a journal sees. */
  get [JournalKey](): Journaled {
    return {
      restore: (entries) => {
        this.changed = new Set()
        for (const [name, text] of entries) this.cells.set(name, encoded(text))
      },
      take: () => {
        const names = Array.from(this.changed ?? [])
        this.changed?.clear()
        return names.map((name) => this.changeOf(name))
      },
      all: () => Array.from(this.cells.keys(), (name) => this.changeOf(name)),
      apply: (changes) => {
        for (const [name, text] of changes) {
          if (text === undefined) this.cells.delete(name)
          else this.cells.set(name, encoded(text))
          this.changed?.add(name)
        }
      }
    }
  }

  private changeOf(name: string): Change {
    const cell = this.cells.get(name)
    if (cell !== undefined) cell.isPrivate = false
    return { name, schema: cell?.key.schema, value: cell?.value }
  }

  read<A>(key: Key<A>): Exit.Exit<A, KeyNotFound | TypeMismatch> {
    const cell = this.cells.get(key.name)
    if (cell === undefined) return Exit.fail(new KeyNotFound({ key: key.name }))
    return cell.hasTypeOf(key) ? cell.read() : Exit.fail(new TypeMismatch({ key: key.name }))
  }

  write<A>(key: Key<A>, value: A, isPrivate: boolean): void {
    const cell = this.cells.get(key.name)
    this.changed?.add(key.name)
    if (cell === undefined) this.cells.set(key.name, new Cell(key, value, isPrivate))
    else cell.set(key, value, isPrivate)
  }

  /** Runs `f` with the entry if the entry's type fits the key. `f` is synchronous, so every operation is atomic. */
  private typed<A, B, E>(
    key: Key<A>,
    f: (cell: Cell | undefined) => Exit.Exit<B, E>
  ): Effect.Effect<B, E | TypeMismatch> {
    return Effect.suspend((): Exit.Exit<B, E | TypeMismatch> => {
      const cell = this.cells.get(key.name)
      return cell === undefined || cell.hasTypeOf(key) ? f(cell) : Exit.fail(new TypeMismatch({ key: key.name }))
    })
  }

  readonly get = <A>(key: Key<A>) => Effect.suspend(() => this.read(key))

  readonly getOption = <A>(key: Key<A>) => this.typed(key, (cell) => Exit.succeed(valueOf<A>(cell)))

  readonly getOrElse = <A>(key: Key<A>, orElse: () => A) =>
    Effect.map(this.getOption(key), (value) => Option.getOrElse(value, orElse))

  readonly put = <A>(key: Key<A>, value: A) => Effect.sync(() => this.write(key, value, false))

  readonly append = (key: Key<any>, item: unknown) =>
    this.typed(key, (cell): Exit.Exit<void, TypeMismatch> => {
      const list = cell === undefined ? [] : cell.value
      if (!Array.isArray(list)) return Exit.fail(new TypeMismatch({ key: key.name }))
      if (cell?.isPrivate) list.push(item)
      this.write(key, cell?.isPrivate ? list : [...list, item], true)
      return Exit.void
    })

  readonly update = <A>(key: Key<A>, f: (value: A) => A) =>
    this.typed(key, (cell): Exit.Exit<A, KeyNotFound> => {
      if (cell === undefined) return Exit.fail(new KeyNotFound({ key: key.name }))
      cell.isPrivate = false
      const value = f(cell.value as A)
      this.write(key, value, false)
      return Exit.succeed(value)
    })

  readonly modify = <A, B>(key: Key<A>, f: (value: Option.Option<A>) => readonly [result: B, value: A]) =>
    this.typed(key, (cell) => {
      const [result, value] = f(valueOf<A>(cell))
      this.write(key, value, false)
      return Exit.succeed(result)
    })

  readonly remove = <A>(key: Key<A>) =>
    Effect.suspend(() => {
      if (!this.cells.delete(key.name)) return Exit.fail(new KeyNotFound({ key: key.name }))
      this.changed?.add(key.name)
      return Exit.void
    })

  readonly has = <A>(key: Key<A>) => Effect.sync(() => this.cells.has(key.name))

  readonly keys = Effect.sync(() => Array.from(this.cells.keys()))

  readonly size = Effect.sync(() => this.cells.size)

  readonly isEmpty = Effect.sync(() => this.cells.size === 0)

  readonly clear = Effect.sync(() => {
    for (const name of this.cells.keys()) this.changed?.add(name)
    this.cells.clear()
  })

  readonly snapshot = Effect.sync(() => {
    const copy = new Map<string, unknown>()
    for (const [name, cell] of this.cells) {
      copy.set(name, cell.peek())
    }
    return copy
  })
}
