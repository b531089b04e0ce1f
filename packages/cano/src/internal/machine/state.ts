/** A state is a string literal, or a record with a `_tag`. */
export type AnyState = string | { readonly _tag: string }

/** The tag of a state: the literal itself, or its `_tag`. The object test drops `"A" & { _tag: "B" }`, which nothing inhabits. */
export type Tag<S> = S extends string
  ? S extends object
    ? never
    : S
  : S extends { readonly _tag: infer T extends string }
    ? T
    : never

/** The states by their tags. */
type ByTag<S> = { readonly [Each in S as Tag<Each>]: Each }

/**
 * The state with the tag `T`, looked up. It says what {@link WithTag} says, which searches. (Asking `ByTag` for its keys
 * would be a search too.)
 */
export type At<S, T> = ByTag<S> extends { readonly [Key in T & string]: infer State } ? State : never

/** The member of a union that has the tag `T`. For the states of a machine, {@link At} is quicker. */
export type WithTag<S, T> = S extends string
  ? S extends T
    ? S
    : never
  : S extends { readonly _tag: infer U }
    ? T extends U
      ? S
      : never
    : never

/** The tags of the states that can be built from their tag alone: literals, and records without a payload. */
export type BareTag<S> = S extends string
  ? S
  : S extends { readonly _tag: infer T extends string }
    ? { readonly _tag: T } extends S
      ? T
      : never
    : never

export interface KeepLiteral<T extends string> {
  readonly _tag: T
  [Symbol.iterator](): Iterator<never, never, never>
}

/**
 * What a state looks like: enough for TypeScript to keep the literals of states, and to type the values in their payloads.
 * All records are one here, because TypeScript would go through all of them for each value.
 */
export type Like<S> = Extract<S, string> | RecordLike<Exclude<S, string>>

type RecordLike<R> = IsNever<R> extends true ? never : { readonly _tag: Tag<R> } & PayloadLike<R>

/** What a payload looks like: each field may be there, with its type in any of the states. */
export type PayloadLike<R> = { readonly [Field in Exclude<keyof Having<R>, "_tag">]?: ValueOf<Having<R>, Field> }

/** For each field the states that have it. */
type Having<R> = { readonly [Each in R as keyof Each]: Each }

type ValueOf<H, Field> = Field extends keyof H ? ValueIn<H[Field], Field> : never

type ValueIn<Each, Field extends PropertyKey> = Each extends { readonly [K in Field]?: infer Value } ? Value : never

/**
 * As {@link Like}, for what a function returns. TypeScript keeps the literal that a generator function returns only if all
 * that the function may return can be iterated. A string can; where some states are strings, a record has to pretend.
 */
export type ReturnLike<S> =
  IsNever<Extract<S, string>> extends true
    ? Like<S>
    : Extract<S, string> | (RecordLike<Exclude<S, string>> & { [Symbol.iterator](): Iterator<never, never, never> })

/**
 * Whether nothing has the type. A tuple written in place would drag all type parameters around it along, the states of a
 * machine among them, each time that TypeScript looks at it.
 */
export type IsNever<X> = [X] extends [never] ? true : false

/** Whether one type, as a whole, fits another. */
export type Fits<X, Expected> = [X] extends [Expected] ? true : false

/** A mistake, and a sentence that says so. The compiler prints it as the type that is expected. */
export interface Wrong<Sentence extends string> {
  readonly "~effect-cano/wrong": Sentence
}

/** The tag of a state value. Untyped callers may give anything, so it may be none. */
export const tagOf = (state: AnyState | null | undefined): string | undefined =>
  typeof state === "string" ? state : state?._tag
