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

export interface KeepLiteral<T extends string> {
  readonly _tag: T
  [Symbol.iterator](): Iterator<never, never, never>
}

/** The tag of a state value. Untyped callers may give anything, so it may be none. */
export const tagOf = (state: AnyState | null | undefined): string | undefined =>
  typeof state === "string" ? state : state?._tag
