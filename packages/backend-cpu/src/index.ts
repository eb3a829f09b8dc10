export const cpu = () => undefined;
