import { ask, expect, test, type Schemas } from "./world";

type Calls = { items: Schemas["CallRecord"][] };

test("a call shows up by itself, and tells all there is to tell", async ({ open }) => {
  test.slow();
  const page = await open("tenant", "/calls");
  const grid = page.getByRole("grid", { name: "Call records" });
  await expect(grid).toBeVisible();
  const before = new Set((await ask<Calls>(page, "/tenant/v1/calls?limit=100")).items.map((call) => call.id));

  // The demonstration's operators place a call now and then.
  let call: Schemas["CallRecord"] | undefined;
  await expect
    .poll(
      async () => {
        const now = await ask<Calls>(page, "/tenant/v1/calls?limit=100");
        call = now.items.find((one) => !before.has(one.id) && one.complete && one.ended_at !== null);
        return call !== undefined;
      },
      { timeout: 60_000, intervals: [500] },
    )
    .toBe(true);
  if (!call) return;

  // The page asks each second: two seconds after the API knows, the reader does.
  await page.getByLabel("Find").fill(call.id);
  const row = grid.getByRole("row").nth(1);
  await expect(row).toContainText(call.caller, { timeout: 2_000 });
  await expect(row).toContainText(String(call.sip_code));
  if (call.operator_name) await expect(row).toContainText(call.operator_name);
  if (call.trunk) await expect(row).toContainText(call.trunk);

  await row.click();
  const drawer = page.getByRole("dialog");
  await expect(drawer).toContainText(call.id);
  if (call.in_call_id) await expect(drawer).toContainText(call.in_call_id);
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
});

test("the operator and the programme see calls too", async ({ open }) => {
  for (const role of ["operator", "programme"] as const) {
    const page = await open(role, "/calls");
    const known = await ask<Calls>(page, `/${role}/v1/calls?limit=1`);
    if (known.items.length > 0) await expect(page.getByRole("grid").getByRole("row").nth(1)).toBeVisible();
  }
});
