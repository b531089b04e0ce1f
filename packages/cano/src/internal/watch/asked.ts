import * as Effect from "effect/Effect"

/** Asks the journal for the sake of a watcher. The run must not wait for the answer, nor fail with it. */
export const asked = <A, E>(question: Effect.Effect<A, E>, otherwise: () => A): Effect.Effect<A> =>
  Effect.catchCause(Effect.timeoutOrElse(question, { duration: longest, orElse: () => Effect.sync(otherwise) }), () =>
    Effect.sync(otherwise)
  )

const longest = "1 second"
