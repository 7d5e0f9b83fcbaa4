import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds the page and the program the stories are played on. `MEETPOINT_BIN` names another one. */
export default function build() {
  if (process.env["MEETPOINT_BIN"]) return;
  const script = (name: string) => fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  execFileSync(script("web.sh"), ["build"], { stdio: ["ignore", "ignore", "inherit"] });
  const path = execFileSync(script("binary.sh"), ["dev"], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  process.env["MEETPOINT_BIN"] = path.trim();
}
