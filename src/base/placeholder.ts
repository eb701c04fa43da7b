/** `{{name}}` in a text of the operator's, a prompt's as well as a webhook's: what stands for it is put in for each call. */
export const PLACEHOLDER = /\{\{[ \t]*([\w.-]{1,128})[ \t]*\}\}/g;
