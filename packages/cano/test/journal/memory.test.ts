/** The journal that forgets with its process. */
import { journalSuite } from "effect-cano-testing/JournalSuite"
import * as Journal from "../../src/Journal.ts"

journalSuite("memory", Journal.layerMemory)
