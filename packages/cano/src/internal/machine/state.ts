import type * as Effect from "effect/Effect"

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

/** The member of the state union that has the tag `T`. */
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

/** What a handler may give back: the value itself, an Effect of it, or a generator that yields Effects. */
export type Output<A> = A | Effect.Effect<A, any, any> | Generator<any, A, any>

export interface KeepLiteral<T extends string> {
  readonly _tag: T
  [Symbol.iterator](): Iterator<never, never, never>
}

/** The value inside an {@link Output}. */
export type Value<X> = X extends Effect.Effect<infer A, any, any> ? A : X extends Generator<any, infer A, any> ? A : X

/** The typed failures of an {@link Output}. */
export type Failure<X> =
  X extends Effect.Effect<any, infer E, any>
    ? E
    : X extends Generator<infer Y, any, any>
      ? Y extends Effect.Effect<any, infer E, any>
        ? E
        : never
      : never

/** The services an {@link Output} needs. */
export type Services<X> =
  X extends Effect.Effect<any, any, infer R>
    ? R
    : X extends Generator<infer Y, any, any>
      ? Y extends Effect.Effect<any, any, infer R>
        ? R
        : never
      : never

/** The tag of a state value. Untyped callers may give anything, so it may be none. */
export const tagOf = (state: AnyState | null | undefined): string | undefined =>
  typeof state === "string" ? state : state?._tag
