/** The promises of journals, kept by SQLite. */
import * as Effect from "effect/Effect"
import { journalSuite } from "effect-cano-testing/JournalSuite"
import * as SqliteJournal from "../../src/SqliteJournal.ts"
import { layerFile, newFile, open } from "../support/files.ts"

journalSuite("SQLite in memory", SqliteJournal.layer({ file: ":memory:" }), { runs: 150 })

journalSuite("SQLite in a file", layerFile({ synchronous: "normal" }), {
  runs: 50,
  // Two connections, as two processes have them.
  pair: Effect.flatMap(newFile, (file) =>
    Effect.all([open(file, { synchronous: "normal" }), open(file, { synchronous: "normal" })])
  )
})

journalSuite("SQLite without history", SqliteJournal.layer({ file: ":memory:", history: "none" }), {
  runs: 50,
  hasHistory: false
})
