/* The command of every row: it does nothing. Static, as it must run anywhere and add little. */
int main(void)
{
	return 0;
}
