import { registerHooks } from "node:module"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

/** The sources of effect-cano in a checkout of this repository. */
export const engineFolder = (checkout: string): string => join(resolve(checkout), "packages", "cano", "src")

/**
 * Has this process load effect-cano from another checkout. Contenders and dependencies stay those of this checkout, so the
 * other one need not be installed.
 */
export const useEngineOf = (checkout: string): void => {
  const folder = pathToFileURL(`${engineFolder(checkout)}/`).href
  registerHooks({
    resolve: (specifier, context, next) => {
      // A package may import itself by its name.
      if (/^effect-cano(\/|$)/.test(specifier)) return next(specifier, { ...context, parentURL: folder })
      const isDependency = context.parentURL?.startsWith(folder) && !specifier.startsWith(".")
      return next(specifier, isDependency ? { ...context, parentURL: import.meta.url } : context)
    }
  })
}
