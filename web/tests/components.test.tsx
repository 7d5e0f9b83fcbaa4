import { FluentProvider, webLightTheme } from "@fluentui/react-components";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState, type ReactNode } from "react";
import { afterEach, beforeAll, expect, test, vi } from "vitest";

import { Outcome } from "../src/components/Outcome";
import { OrderedChoice, RowList } from "../src/components/RowList";
import { useReturnFocus } from "../src/components/returnFocus";
import { Tabs } from "../src/components/Tabs";
import { told } from "../src/pages/orders/OrderList";

// Looking elements up by role takes its time in a busy machine's jsdom, which scrolls nothing either.
vi.setConfig({ testTimeout: 30_000 });
beforeAll(() => {
  Element.prototype.scrollIntoView ??= () => undefined;
});

afterEach(() => {
  cleanup();
  history.replaceState(null, "", "/");
});

const show = (children: ReactNode) => render(<FluentProvider theme={webLightTheme}>{children}</FluentProvider>);
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

test("some of a list are put in an order, moved and taken out", () => {
  function Order() {
    const [chosen, setChosen] = useState<string[]>(["a"]);
    const options = [["a", "Alba"], ["b", "Beta"], ["c", "Gamma"]] as const;
    return <OrderedChoice legend="Order" what="operator" none="None." options={options} chosen={chosen} onChange={setChosen} />;
  }
  show(<Order />);
  const order = () => screen.queryAllByRole("listitem").map((item) => item.textContent);
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "c" } });
  press("Add");
  expect(order()).toEqual(["1. Alba", "2. Gamma"]);
  // What is chosen is not offered again.
  expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual(["Choose", "Beta"]);
  press("Move Gamma up");
  expect(order()).toEqual(["1. Gamma", "2. Alba"]);
  press("Remove Gamma");
  press("Remove Alba");
  expect(order()).toEqual([]);
  expect(screen.getByText("None.")).toBeTruthy();
});

test("the first row cannot go up nor the last one down, and an edit reaches its own row", () => {
  function Rows() {
    const [rows, setRows] = useState([{ name: "one" }, { name: "two" }]);
    return (
      <RowList
        legend="Rows"
        what="row"
        rows={rows}
        onChange={setRows}
        fresh={() => ({ name: "" })}
        render={(row, change) => (
          <input aria-label="name" value={row.name} onChange={(event) => change({ name: event.target.value })} />
        )}
      />
    );
  }
  show(<Rows />);
  const names = () => screen.getAllByRole<HTMLInputElement>("textbox").map((input) => input.value);
  press("Move row 1 up");
  press("Move row 2 down");
  expect(names()).toEqual(["one", "two"]);
  fireEvent.change(screen.getAllByRole("textbox")[1]!, { target: { value: "three" } });
  press("Move row 2 up");
  press("Add row");
  expect(names()).toEqual(["three", "one", ""]);
});

test("the open tab is that of the address, an unknown one the first", () => {
  const tabs = ["first", "second"].map((name) => ({ name, label: name, render: () => `This is the ${name}.` }));
  history.replaceState(null, "", "/page?tab=second");
  const page = show(<Tabs label="Parts" tabs={tabs} />);
  expect(screen.getByRole("tabpanel", { name: "second" }).textContent).toBe("This is the second.");
  fireEvent.click(screen.getByRole("tab", { name: "first" }));
  expect(location.href).toMatch(/\/page\?tab=first$/);
  expect(screen.getByRole("tabpanel").textContent).toBe("This is the first.");
  page.unmount();
  history.replaceState(null, "", "/page?tab=third");
  show(<Tabs label="Parts" tabs={tabs} />);
  expect(screen.getByRole("tabpanel", { name: "first" })).toBeTruthy();
});

test("the focus goes back to where the first dialog was opened, once the last one is gone", async () => {
  const settled = () => act(() => new Promise((done) => setTimeout(done, 5)));
  function Dialog({ name }: { name: string }) {
    useReturnFocus();
    return (
      <div role="dialog" aria-modal="true">
        <button>{name}</button>
      </div>
    );
  }
  const page = (open: string | null) => (
    <>
      <button>opener</button>
      {open && <Dialog key={open} name={open} />}
    </>
  );
  const shown = render(page(null));
  screen.getByText("opener").focus();
  shown.rerender(page("first"));
  screen.getByText("first").focus();
  shown.rerender(page("second"));
  screen.getByText("second").focus();
  await settled();
  expect(document.activeElement?.textContent).toBe("second");
  shown.rerender(page(null));
  await settled();
  expect(document.activeElement?.textContent).toBe("opener");
});

test("an outcome counts what was refused, and says why in the server's words", () => {
  show(
    <Outcome
      succeeded={1_200}
      total={1_201}
      verb="are added"
      refused={[{ number: "+44", error: { code: "invalid_number", reason: "too short", remedy: "Write it whole." } }]}
    />,
  );
  expect(screen.getByText("1,200 of 1,201 are added, 1 refused")).toBeTruthy();
  expect(screen.getByRole("region", { name: "Refused" }).textContent).toContain("invalid_number: too short. Write it whole.");
});

test.each([
  [{ kind: "assign", dry_run: false }, "Assign"],
  [{ kind: "upload", dry_run: true }, "Upload, dry run"],
  [{ kind: "unassign", dry_run: false, undoes_id: "o" }, "Unassign, undoing"],
  [{ kind: "assign", dry_run: false, retries_id: "o" }, "Assign, tried again"],
])("%j is told as %j", (order, text) => expect(told(order)).toBe(text));
