/** A job in node-cron: each second, three times, never twice at once. A failure does not stop it. */
// #region program
import * as cron from "node-cron"

let run = 0
const sync = async (): Promise<void> => {
  run++
  if (run === 2) throw new Error("the server is away")
}

const quiet = () => {} // it would write the failure to the console
const task = cron.createTask("* * * * * *", sync, {
  timezone: "Europe/Berlin",
  noOverlap: true,
  maxExecutions: 3,
  logger: { info: quiet, warn: quiet, error: quiet, debug: quiet }
})

task.on("execution:finished", () => console.log(`run ${run}: success`))
task.on("execution:failed", () => console.log(`run ${run}: failure`))
await task.start()
// #endregion
