import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { nextRow } from "./gridKeys";

export interface Column<Row> {
  key: string;
  header: string;
  /** A CSS grid track: `2fr`, `minmax(120px, 1fr)`, `96px`. */
  width: string;
  render: (row: Row) => ReactNode;
  numeric?: boolean;
}

interface GridProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** What Enter, and a click, do on a row. */
  onOpen?: (row: Row) => void;
  /** Rows are chosen rather than opened: whether this one is. */
  isChosen?: (row: Row) => boolean;
  /** More rows exist than were fetched; called as the end comes into sight. */
  hasMore?: boolean;
  onEndInSight?: () => void;
  /** Height of a row, pixels; more than the usual where cells have two lines. */
  rowPx?: number;
  empty: ReactNode;
}

const HEAD_PX = 40;
const ROW_PX = 44;

const useStyles = makeStyles({
  grid: {
    flexGrow: 1,
    minHeight: "220px",
    display: "flex",
    flexDirection: "column",
    overflow: "hidden",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  scroller: { flexGrow: 1, overflow: "auto" },
  inner: { minWidth: "min-content" },
  row: {
    display: "grid",
    gridTemplateColumns: "var(--grid-columns)",
    alignItems: "center",
    columnGap: tokens.spacingHorizontalM,
    height: "var(--grid-row)",
    padding: `0 ${tokens.spacingHorizontalL}`,
    boxSizing: "border-box",
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  headRow: { height: `${HEAD_PX}px` },
  head: {
    position: "sticky",
    top: 0,
    zIndex: 1,
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  body: { position: "relative" },
  bodyRow: {
    position: "absolute",
    top: 0,
    left: 0,
    right: 0,
    ":focus-visible": {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      outlineOffset: "-2px",
    },
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  opens: { cursor: "pointer" },
  cell: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  numeric: { textAlign: "right", paddingRight: tokens.spacingHorizontalS, fontVariantNumeric: "tabular-nums" },
  empty: {
    padding: tokens.spacingHorizontalXXXL,
    textAlign: "center",
    color: tokens.colorNeutralForeground2,
  },
});

/**
 * A list of any length as an ARIA grid. Only the rows in sight exist in the page; one row at a
 * time takes part in the tab order and the arrow keys move it.
 */
export function Grid<Row>(props: GridProps<Row>) {
  const { label, columns, rows, rowKey, onOpen, isChosen, hasMore = false, onEndInSight, rowPx = ROW_PX, empty } = props;
  const styles = useStyles();
  const scroller = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  const wantsFocus = useRef(false);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 12,
    // The head lies over the rows, and takes its height from what is in sight.
    scrollMargin: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : rowKey(row);
    },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const endInSight = hasMore && last >= rows.length - 20;
  useEffect(() => {
    if (endInSight) onEndInSight?.();
  }, [endInSight, rows.length, onEndInSight]);

  // The row that had the tab stop may have been filtered away.
  const stop = Math.min(current, Math.max(rows.length - 1, 0));

  function onKeyDown(event: KeyboardEvent, index: number) {
    const row = rows[index];
    if (event.target !== event.currentTarget || row === undefined) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onOpen?.(row);
      return;
    }
    const page = Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 0) - HEAD_PX) / rowPx) - 1);
    const next = nextRow(event.key, index, rows.length, page);
    if (next === null) return;
    event.preventDefault();
    wantsFocus.current = true;
    setCurrent(next);
    virtual.scrollToIndex(next);
  }

  const template = columns.map((column) => column.width).join(" ");
  return (
    <div
      role="grid"
      aria-label={label}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-colcount={columns.length}
      aria-multiselectable={isChosen ? true : undefined}
      className={styles.grid}
      style={{ "--grid-columns": template, "--grid-row": `${rowPx}px` } as React.CSSProperties}
    >
      <div ref={scroller} className={styles.scroller} role="presentation">
        <div className={styles.inner} role="presentation">
          <div role="rowgroup" className={styles.head}>
            <div role="row" aria-rowindex={1} className={mergeClasses(styles.row, styles.headRow)}>
              {columns.map((column) => (
                <div
                  key={column.key}
                  role="columnheader"
                  className={mergeClasses(styles.cell, column.numeric && styles.numeric)}
                >
                  {column.header}
                </div>
              ))}
            </div>
          </div>
          {rows.length > 0 && (
            <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
              {items.map((item) => {
                const row = rows[item.index];
                if (row === undefined) return null;
                return (
                  <div
                    key={item.key}
                    role="row"
                    aria-rowindex={item.index + 2}
                    aria-selected={isChosen?.(row)}
                    tabIndex={item.index === stop ? 0 : -1}
                    ref={(element) => {
                      if (element && wantsFocus.current && item.index === stop) {
                        wantsFocus.current = false;
                        element.focus();
                      }
                    }}
                    className={mergeClasses(styles.row, styles.bodyRow, onOpen && styles.opens)}
                    style={{ transform: `translateY(${item.start - HEAD_PX}px)` }}
                    onFocus={() => setCurrent(item.index)}
                    onKeyDown={(event) => onKeyDown(event, item.index)}
                    onClick={() => onOpen?.(row)}
                  >
                    {columns.map((column, at) => (
                      <div
                        key={column.key}
                        role="gridcell"
                        aria-colindex={at + 1}
                        className={mergeClasses(styles.cell, column.numeric && styles.numeric)}
                      >
                        {column.render(row)}
                      </div>
                    ))}
                  </div>
                );
              })}
            </div>
          )}
        </div>
        {rows.length === 0 && <div className={styles.empty}>{empty}</div>}
      </div>
    </div>
  );
}
