/** The promises of journals, kept by Postgres. */
import { describe } from "@effect/vitest"
import { journalSuite } from "effect-cano-testing/JournalSuite"
import { missing, shared } from "../support/journals.ts"

describe.skipIf(missing !== undefined)("on Postgres", () => {
  const { advance, layer, pair } = shared()

  journalSuite("with history", layer(), { runs: 40, advance, pair })
})
