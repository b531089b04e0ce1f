import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { ConfigurationError } from "effect-cano/ConfigurationError"
import { Main } from "../src/index.ts"

describe("run", () => {
  it("refuses what is not an Effect, and says how a layer is run", () => {
    const run = Main.run as (u: unknown) => void
    for (const wrong of [Layer.empty, undefined, {}, () => {}]) {
      assert.throws(() => run(wrong), ConfigurationError, "Main.run(Layer.launch(layer))")
    }
  })

  it("takes only a program that has all its services", () => {
    class Missing extends Context.Service<Missing, string>()("test/Missing") {}
    // @ts-expect-error Type 'Missing' is not assignable to type 'never'
    const compiled = () => Main.run(Missing)
    assert.isFunction(compiled)
  })

  it("listens to signals only as long as the program runs", () => {
    const listeners = () => ["SIGINT", "SIGTERM"].map((signal) => process.listenerCount(signal))
    const before = listeners()
    let during: ReadonlyArray<number> = []
    Main.run(Effect.sync(() => void (during = listeners())))
    assert.isAbove(during[0]!, before[0]!)
    assert.isAbove(during[1]!, before[1]!)
    assert.deepStrictEqual(listeners(), before)
  })
})

describe("teardown", () => {
  const codeOf = (exit: Exit.Exit<unknown, unknown>) => {
    const codes: Array<number> = []
    Main.teardown(exit, (code) => codes.push(code))
    return codes
  }
  const both = Cause.combine(Cause.interrupt(1), Cause.fail("no"))

  for (const [what, exit, code] of [
    ["a success", Exit.succeed("done"), 0],
    ["an interruption", Exit.interrupt(1), 0],
    ["a failure", Exit.fail("no"), 1],
    ["a defect", Exit.die("no"), 1],
    ["an interruption on which something failed", Exit.failCause(both), 1],
    ["an error with an exit code", Exit.fail({ [Runtime.errorExitCode]: 7 }), 7]
  ] as const) {
    it(`ends with ${code} after ${what}`, () => assert.deepStrictEqual(codeOf(exit), [code]))
  }
})
