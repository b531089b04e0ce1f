import { start } from "effect-cano-postgres"

/** Whether a commit waits for the disk. */
export type Synchronous = "on" | "off"

/** Starts a Postgres of this process. `CANO_PG_URL` names another one, with settings of its own. */
export const startServer = (synchronous: Synchronous) =>
  start({ synchronous_commit: synchronous, shared_buffers: "256MB", max_wal_size: "4GB" })
