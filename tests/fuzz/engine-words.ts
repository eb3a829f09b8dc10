// What engines say of values that nobody looked at. No user should read it: this project's errors name what was expected.
export const ENGINE = new RegExp(
  [
    'is not a function|is not iterable|is not defined|is not a constructor|not an object|intermediate value',
    'Cannot (read|mix|convert|destructure|use|set prop|redefine)|Reduce of empty',
    'Invalid (typed )?array|Invalid (URL|count|string length|time value)|Invalid regular expression',
    'Maximum call|out of memory|allocation failed|Set maximum size|Map maximum size',
    '(out of|outside the) bounds|should be a multiple of|cannot be converted to a BigInt|BigInt too big',
    'The encoded data was not valid|The "[^"]*" argument|The value of "[^"]*" is out of range|ERR_[A-Z]+_',
  ].join('|'),
  'i',
);
