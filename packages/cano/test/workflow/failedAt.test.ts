import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { placeOf } from "effect-cano-testing/Runs"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

describe("failedAt", () => {
  const declined = new Declined({ reason: "limit" })

  it.effect("a cause that no run gave has no place", () =>
    Effect.gen(function* () {
      assert.isUndefined(placeOf(yield* Effect.exit(Effect.fail(declined))))
    })
  )
})
