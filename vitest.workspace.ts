import { defineConfig } from "vitest/config"

const isCI = process.env["CI"] !== undefined

export default defineConfig({
  test: {
    projects: ["{packages/*,scratchpad}/vitest.config.ts"],
    // In CI the counts are also written down, so that scripts/check.ts can close with them.
    reporters: isCI ? ["default", "json"] : ["default"],
    outputFile: { json: "build/vitest.json" }
  }
})
