/** Says that a command that did its work ends with another code than 0, and with which. */
export type ExitWith = (code: number) => void;
