/** The promises of journals, kept by Postgres without the history of runs. */
import { describe } from "@effect/vitest"
import { journalSuite } from "effect-cano-testing/JournalSuite"
import { missing, shared } from "../support/journals.ts"

describe.skipIf(missing !== undefined)("on Postgres", () => {
  const { advance, layer } = shared()

  journalSuite("without history", layer({ hasHistory: false }), { runs: 30, advance, hasHistory: false })
})
