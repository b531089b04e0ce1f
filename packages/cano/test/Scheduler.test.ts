import { assert, describe, it } from "@effect/vitest"
import { ConfigurationError } from "../src/ConfigurationError.ts"
import * as Scheduler from "../src/Scheduler.ts"

describe("runMain", () => {
  it("refuses what is not an Effect", () => {
    const runMain = Scheduler.runMain as (u: unknown) => void
    for (const wrong of [Scheduler.layerFlows([]), undefined, {}, () => {}]) {
      assert.throws(() => runMain(wrong), ConfigurationError, "Layer.launch(schedules).pipe(Scheduler.runMain)")
    }
  })
})
