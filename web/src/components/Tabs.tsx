import { makeStyles, Tab, TabList, tokens } from "@fluentui/react-components";
import { useEffect, useRef, useState, type ReactNode } from "react";

import { navigate, useSearch } from "../app/router";

export interface TabEntry {
  name: string;
  label: string;
  render: () => ReactNode;
}

const useStyles = makeStyles({
  bar: { flexShrink: 0, overflowX: "auto", overflowY: "hidden" },
  panel: {
    flexGrow: 1,
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalL,
    minHeight: 0,
  },
});

/** The parts of a page. Which one is open stands in the address, so that it can be sent and reloaded. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly TabEntry[] }) {
  const styles = useStyles();
  const wanted = new URLSearchParams(useSearch()).get("tab");
  const open = tabs.find((tab) => tab.name === wanted) ?? tabs[0];
  const [id] = useState(() => `tab-${label.toLowerCase().replace(/\W+/g, "-")}`);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a narrow screen the tabs are a row that scrolls.
    bar.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [open?.name]);
  if (!open) return null;
  return (
    <>
      <div className={styles.bar} ref={bar}>
        <TabList
          aria-label={label}
          selectedValue={open.name}
          onTabSelect={(_, data) => navigate(`?tab=${String(data.value)}`, { replace: true })}
        >
          {tabs.map((tab) => (
            <Tab key={tab.name} value={tab.name} id={`${id}-${tab.name}`}>
              {tab.label}
            </Tab>
          ))}
        </TabList>
      </div>
      <div role="tabpanel" aria-labelledby={`${id}-${open.name}`} className={styles.panel} key={open.name}>
        {open.render()}
      </div>
    </>
  );
}
