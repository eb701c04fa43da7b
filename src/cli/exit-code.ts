/** Exit codes of every command: done, failed, wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** How a command says with what code the process shall exit; 0 when it says nothing. */
export type ReportExitCode = (code: ExitCode) => void;
