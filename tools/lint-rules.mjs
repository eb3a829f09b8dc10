// The project's own rules of style, for ESLint: how a file opens, and what a check that throws is called. Not its behaviour.

/** The first line is a comment that says what the file is. */
const header = {
  meta: {
    type: 'layout',
    messages: {
      missing: 'Open with a line comment that says what the file is, and what it is not.',
    },
  },
  create: (context) => ({
    Program(node) {
      const opens = /^(#!.*\n)?(\/\*\* @module \S+ \*\/\n)?\/\/ \S/.test(context.sourceCode.text);
      if (!opens) context.report({ node, messageId: 'missing' });
    },
  }),
};

const only = (statement) => (statement.type === 'BlockStatement' ? statement.body : [statement]);

/** Whether a statement can do nothing but throw. */
const throwsOnly = (s) =>
  s.type === 'ThrowStatement' ||
  (s.type === 'IfStatement' && !s.alternate && only(s.consequent).every(throwsOnly)) ||
  (/^For(Of|In)?Statement$/.test(s.type) && only(s.body).every((x) => throwsOnly(x) || isLocal(x)));
const isLocal = (s) =>
  (s.type === 'VariableDeclaration' && s.kind === 'const') ||
  (s.type === 'IfStatement' && !s.alternate && only(s.consequent).every(isReturn)) ||
  isReturn(s);
const isReturn = (s) =>
  (s.type === 'ReturnStatement' && !s.argument) || s.type === 'ContinueStatement';

/** A named function whose only effect is to throw is called expect. */
const expectName = {
  meta: {
    type: 'suggestion',
    messages: { name: '"{{name}}" does nothing but throw: begin its name with "expect".' },
  },
  create(context) {
    const judge = (id, { body }) => {
      if (body?.type !== 'BlockStatement' || body.body.length === 0) return;
      const checks = body.body.filter(throwsOnly);
      if (checks.length === 0 || !body.body.every((s) => throwsOnly(s) || isLocal(s))) return;
      // A single throw without a condition is an error that is made, not a check.
      if (body.body.some((s) => s.type === 'ThrowStatement')) return;
      if (!/^expect/.test(id.name))
        context.report({ node: id, messageId: 'name', data: { name: id.name } });
    };
    return {
      FunctionDeclaration: (node) => node.id && judge(node.id, node),
      VariableDeclarator: ({ id, init }) =>
        init?.type === 'ArrowFunctionExpression' && id.type === 'Identifier' && judge(id, init),
      MethodDefinition: ({ key, value, kind }) =>
        kind === 'method' && key.name && judge(key, value),
    };
  },
};

/** `f(...list)` puts every element on the stack, and dies above some 125,000 of them. A literal list is bounded. */
const noSpreadList = {
  meta: {
    type: 'problem',
    messages: {
      spread:
        '{{name}}(...list) dies of long lists: use a loop, or say the bound where this rule is disabled.',
    },
  },
  create: (context) => ({
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== 'MemberExpression' || callee.computed) return;
      const { name } = callee.property;
      const isMath = callee.object.name === 'Math' && /^(max|min|hypot)$/.test(name);
      if (!isMath && !/^(push|unshift)$/.test(name)) return;
      const spread = node.arguments.some(
        (a) => a.type === 'SpreadElement' && a.argument.type !== 'ArrayExpression',
      );
      if (spread) context.report({ node, messageId: 'spread', data: { name } });
    },
  }),
};

export default {
  rules: { header, 'expect-name': expectName, 'no-spread-list': noSpreadList },
};
