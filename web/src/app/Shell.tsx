import { Button, makeStyles, mergeClasses, Spinner, tokens } from "@fluentui/react-components";
import {
  BranchForkRegular,
  BuildingRegular,
  CartRegular,
  CallRegular,
  DocumentBulletListRegular,
  DocumentTextRegular,
  GavelRegular,
  LocationRegular,
  LockClosedRegular,
  MailRegular,
  MegaphoneRegular,
  NumberSymbolRegular,
  PeopleRegular,
  QuestionCircleRegular,
  ScalesRegular,
  SignOutRegular,
  WeatherMoonRegular,
  WeatherSunnyRegular,
  type FluentIcon,
} from "@fluentui/react-icons";
import { lazy, Suspense, useEffect, useRef, type ComponentType, type LazyExoticComponent } from "react";

import { useSignOut, type Role, type Session } from "../api/session";
import { Link, navigate, usePath } from "./router";
import { useTheme } from "./theme";

interface Entry {
  path: string;
  label: string;
  icon: FluentIcon;
  page: LazyExoticComponent<ComponentType>;
}

const Calls = {
  tenant: lazy(async () => ({ default: (await import("../pages/Calls")).TenantCalls })),
  operator: lazy(async () => ({ default: (await import("../pages/Calls")).OperatorCalls })),
  programme: lazy(async () => ({ default: (await import("../pages/Calls")).ProgrammeCalls })),
};

const Explain = {
  tenant: lazy(async () => ({ default: (await import("../pages/Explain")).TenantExplain })),
  operator: lazy(async () => ({ default: (await import("../pages/Explain")).OperatorExplain })),
  programme: lazy(async () => ({ default: (await import("../pages/Explain")).ProgrammeExplain })),
};

const Orders = {
  tenant: lazy(async () => ({ default: (await import("../pages/Orders")).TenantOrders })),
  operator: lazy(async () => ({ default: (await import("../pages/Orders")).OperatorOrders })),
};

const Disputes = {
  operator: lazy(async () => ({ default: (await import("../pages/Disputes")).OperatorDisputes })),
  programme: lazy(async () => ({ default: (await import("../pages/Disputes")).ProgrammeDisputes })),
};

const MENU: Record<Role, Entry[]> = {
  tenant: [
    { path: "/directory", label: "Operators", icon: BuildingRegular, page: lazy(() => import("../pages/Directory")) },
    { path: "/invitations", label: "Invitations", icon: MailRegular, page: lazy(() => import("../pages/Invitations")) },
    { path: "/shop", label: "Number shop", icon: CartRegular, page: lazy(() => import("../pages/Shop")) },
    { path: "/numbers", label: "Numbers", icon: NumberSymbolRegular, page: lazy(() => import("../pages/Numbers")) },
    { path: "/orders", label: "Orders", icon: DocumentBulletListRegular, page: Orders.tenant },
    { path: "/calls", label: "Call records", icon: CallRegular, page: Calls.tenant },
    {
      path: "/locations",
      label: "Emergency locations",
      icon: LocationRegular,
      page: lazy(() => import("../pages/Locations")),
    },
    { path: "/policies", label: "Policies", icon: GavelRegular, page: lazy(() => import("../pages/Policies")) },
    {
      path: "/coexistence",
      label: "Coexistence",
      icon: BranchForkRegular,
      page: lazy(() => import("../pages/Coexistence")),
    },
    { path: "/explain", label: "Explain", icon: QuestionCircleRegular, page: Explain.tenant },
  ],
  operator: [
    { path: "/customers", label: "Customers", icon: PeopleRegular, page: lazy(() => import("../pages/Customers")) },
    { path: "/offer", label: "Offer", icon: MegaphoneRegular, page: lazy(() => import("../pages/Offer")) },
    { path: "/invitations", label: "Invitations", icon: MailRegular, page: lazy(() => import("../pages/Leads")) },
    { path: "/stock", label: "Stock", icon: CartRegular, page: lazy(() => import("../pages/Stock")) },
    {
      path: "/numbers",
      label: "Numbers",
      icon: NumberSymbolRegular,
      page: lazy(() => import("../pages/OperatorNumbers")),
    },
    {
      path: "/orders",
      label: "Orders",
      icon: DocumentBulletListRegular,
      page: Orders.operator,
    },
    { path: "/disputes", label: "Disputes", icon: ScalesRegular, page: Disputes.operator },
    { path: "/calls", label: "Call records", icon: CallRegular, page: Calls.operator },
    { path: "/explain", label: "Explain", icon: QuestionCircleRegular, page: Explain.operator },
  ],
  programme: [
    {
      path: "/operators",
      label: "Operators",
      icon: BuildingRegular,
      page: lazy(async () => ({ default: (await import("../pages/Programme")).Operators })),
    },
    {
      path: "/organisations",
      label: "Organisations",
      icon: PeopleRegular,
      page: lazy(async () => ({ default: (await import("../pages/Programme")).Tenants })),
    },
    { path: "/notice", label: "Notice", icon: DocumentTextRegular, page: lazy(() => import("../pages/Notices")) },
    { path: "/freezes", label: "Change freezes", icon: LockClosedRegular, page: lazy(() => import("../pages/Freezes")) },
    { path: "/disputes", label: "Disputes", icon: ScalesRegular, page: Disputes.programme },
    { path: "/calls", label: "Call records", icon: CallRegular, page: Calls.programme },
    { path: "/explain", label: "Explain", icon: QuestionCircleRegular, page: Explain.programme },
  ],
};

const ROLE: Record<Role, string> = {
  tenant: "Organisation",
  operator: "Operator",
  programme: "Programme",
};

const useStyles = makeStyles({
  frame: {
    height: "100vh",
    display: "grid",
    gridTemplate: '"top top" auto "nav main" minmax(0, 1fr) / 240px minmax(0, 1fr)',
    backgroundColor: tokens.colorNeutralBackground2,
    "@media (max-width: 800px)": { gridTemplate: '"top" auto "nav" auto "main" minmax(0, 1fr) / minmax(0, 1fr)' },
  },
  skip: {
    position: "absolute",
    left: "-9999px",
    ":focus": {
      left: tokens.spacingHorizontalM,
      top: tokens.spacingVerticalM,
      zIndex: 10,
      padding: tokens.spacingHorizontalM,
      backgroundColor: tokens.colorNeutralBackground1,
      color: tokens.colorBrandForeground1,
    },
  },
  top: {
    gridArea: "top",
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalS,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalL}`,
    color: tokens.colorNeutralForegroundOnBrand,
    backgroundColor: tokens.colorBrandBackground,
  },
  brand: { fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold },
  demo: {
    padding: `0 ${tokens.spacingHorizontalS}`,
    fontSize: tokens.fontSizeBase200,
    border: "1px solid currentColor",
    borderRadius: tokens.borderRadiusCircular,
  },
  wide: { "@media (max-width: 640px)": { display: "none" } },
  who: { marginLeft: "auto", textAlign: "right", lineHeight: tokens.lineHeightBase200 },
  role: { display: "block", fontSize: tokens.fontSizeBase200 },
  topButton: {
    color: "inherit",
    ":hover": { color: "inherit", backgroundColor: tokens.colorBrandBackgroundHover },
    ":hover:active": { color: "inherit", backgroundColor: tokens.colorBrandBackgroundPressed },
  },
  nav: {
    gridArea: "nav",
    padding: tokens.spacingHorizontalS,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground3,
    overflow: "auto",
  },
  list: {
    listStyleType: "none",
    margin: 0,
    padding: 0,
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalXXS,
    "@media (max-width: 800px)": { flexDirection: "row" },
  },
  link: {
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalSNudge} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: "none",
    whiteSpace: "nowrap",
    ":hover": { backgroundColor: tokens.colorNeutralBackground3Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  here: {
    fontWeight: tokens.fontWeightSemibold,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}`,
  },
  icon: { fontSize: "20px", display: "flex" },
  main: { gridArea: "main", minWidth: 0, minHeight: 0, display: "flex", flexDirection: "column" },
});

export function Shell({ session }: { session: Session }) {
  const styles = useStyles();
  const theme = useTheme();
  const signOut = useSignOut();
  const path = usePath();
  const menu = MENU[session.role];
  const here = menu.find((entry) => entry.path === path);
  const home = menu[0]?.path;
  useEffect(() => {
    if (!here && home) navigate(home, { replace: true });
  }, [here, home]);
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow screen the menu is a row that scrolls.
    nav.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [here]);
  const Current = here?.page;
  const ThemeIcon = theme.name === "light" ? WeatherMoonRegular : WeatherSunnyRegular;

  return (
    <div className={styles.frame}>
      <a href="#content" className={styles.skip}>
        Skip to the content
      </a>
      <header className={styles.top}>
        <span className={styles.brand}>Meetpoint</span>
        {session.demo && (
          <span className={mergeClasses(styles.demo, styles.wide)} title="The data is made up and the operators are simulated.">
            Demonstration
          </span>
        )}
        <span className={styles.who}>
          {session.party}
          <span className={styles.role}>
            {ROLE[session.role]} · {session.name}
          </span>
        </span>
        <Button
          appearance="transparent"
          className={styles.topButton}
          icon={<ThemeIcon />}
          aria-label={theme.name === "light" ? "Use the dark theme" : "Use the light theme"}
          onClick={theme.toggle}
        />
        <Button
          appearance="transparent"
          className={styles.topButton}
          icon={<SignOutRegular />}
          aria-label="Sign out"
          onClick={() => void signOut()}
        >
          <span className={styles.wide}>Sign out</span>
        </Button>
      </header>
      <nav className={styles.nav} aria-label="Main" ref={nav}>
        <ul className={styles.list}>
          {menu.map((entry) => (
            <li key={entry.path}>
              <Link
                href={entry.path}
                className={mergeClasses(styles.link, entry === here && styles.here)}
                aria-current={entry === here ? "page" : undefined}
              >
                <span className={styles.icon}>
                  <entry.icon />
                </span>
                {entry.label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className={styles.main} id="content" tabIndex={-1}>
        <Suspense fallback={<Spinner label="Loading" />}>{Current && <Current key={path} />}</Suspense>
      </div>
    </div>
  );
}
